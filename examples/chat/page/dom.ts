/** The few things the page needs to build its elements. Text is only ever set as text, never as HTML. */

/** Find an element of the page, of the kind that it has to be. */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new TypeError(`the page has no ${kind.name} #${id}`);
}

export interface ElementOptions {
  readonly class?: string;
  readonly text?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly children?: readonly Node[];
}

/** Make an element. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  options: ElementOptions = {},
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  if (options.class !== undefined) made.className = options.class;
  if (options.text !== undefined) made.textContent = options.text;
  for (const [attribute, value] of Object.entries(options.attributes ?? {})) made.setAttribute(attribute, value);
  made.append(...(options.children ?? []));
  return made;
}

/** Make a button that does something. */
export function button(text: string, onClick: () => void): HTMLButtonElement {
  const made = element("button", { class: "plain", text, attributes: { type: "button" } });
  made.addEventListener("click", onClick);
  return made;
}

/** Show a text in an element that is hidden while it has none. */
export function showText(place: HTMLElement, text: string): void {
  place.textContent = text;
  place.hidden = text === "";
}
