/** The field that messages are written in. */

export interface ComposerOptions {
  readonly form: HTMLFormElement;
  readonly text: HTMLTextAreaElement;
  readonly button: HTMLButtonElement;
  /** Called around what changes the field's height. */
  readonly change: (task: () => void) => void;
  readonly onSend: (text: string) => void;
}

export class Composer {
  readonly #options: ComposerOptions;

  constructor(options: ComposerOptions) {
    this.#options = options;
    const { form, text } = options;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    text.addEventListener("input", () => this.#fit());
    text.addEventListener("keydown", (event) => {
      // Enter that ends the composition of a character is not ours.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#send();
    });
  }

  /** Let the person write, or not, with the reason in place of the invitation. */
  allow(isAllowed: boolean, hint = "Write a message"): void {
    const { text, button } = this.#options;
    text.readOnly = !isAllowed;
    text.placeholder = hint;
    button.disabled = !isAllowed;
  }

  edit(text: string): void {
    this.#options.text.value = text;
    this.#fit();
    this.focus();
  }

  focus(): void {
    this.#options.text.focus();
  }

  #send(): void {
    const { text, onSend } = this.#options;
    const written = text.value.trim();
    if (written === "" || text.readOnly) return;
    text.value = "";
    this.#fit();
    onSend(written);
  }

  #fit(): void {
    const { text, change } = this.#options;
    change(() => {
      text.style.height = "auto";
      text.style.height = `${text.scrollHeight + text.offsetHeight - text.clientHeight}px`;
    });
  }
}
