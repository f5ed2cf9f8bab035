/** What is being sent, and what could not be: shown below the messages until the room has it. */
import { BusbarError, type Receipt } from "busbar/client";
import { button, element } from "./dom.js";
import type { ChatBus, Room } from "./room.js";
import { explain } from "./wording.js";

interface Pending {
  readonly room: Room;
  readonly text: string;
  readonly item: HTMLElement;
  readonly note: HTMLElement;
  /** Once the server has taken the message: it goes when the room has it. */
  receipt: Receipt | undefined;
}

export interface OutboxOptions {
  readonly list: HTMLElement;
  /** Called around what changes the list's height. */
  readonly change: (task: () => void) => void;
  /** The text is to be written anew. */
  readonly onEdit: (text: string) => void;
  /** The server does not let this person write. */
  readonly onDenied: () => void;
}

export class Outbox {
  readonly #options: OutboxOptions;
  #pending: readonly Pending[] = [];
  #room: Room | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Send a text to a room, and show it until the room has it. */
  send(bus: ChatBus, room: Room, text: string): void {
    const note = element("div", { class: "note", text: "Sending…" });
    const item = element("li", {
      class: "group own pending",
      children: [element("div", { class: "bubbles", children: [element("p", { class: "text", text })] }), note],
    });
    const pending: Pending = { room, text, item, note, receipt: undefined };
    this.#pending = [...this.#pending, pending];
    this.show(room);
    bus
      .channel(`chat/${room.name}`)
      .publish({ text })
      .then(
        (receipt) => {
          pending.receipt = receipt;
          this.arrived(room);
        },
        (error: unknown) => this.#failed(pending, bus, error),
      );
  }

  /** Show what is pending for the room. */
  show(room: Room): void {
    this.#room = room;
    this.#render();
  }

  /** Messages came into the room: those that are ours need not be shown as pending any more. */
  arrived(room: Room): void {
    this.#remove(({ receipt, room: itsRoom }) => {
      return itsRoom === room && receipt !== undefined && (receipt.stage !== "delivered" || room.has(receipt.position));
    });
  }

  clear(): void {
    this.#remove(() => true);
  }

  #failed(pending: Pending, bus: ChatBus, error: unknown): void {
    const failure = error instanceof BusbarError ? error : new BusbarError("page/defect", String(error));
    const isDenied = failure.code === "policy/denied";
    if (isDenied) this.#options.onDenied();
    const discard = (): void => this.#remove((other) => other === pending);
    const again = failure.retryable
      ? button("Send again", () => {
          discard();
          this.send(bus, pending.room, pending.text);
        })
      : button("Edit", () => {
          discard();
          this.#options.onEdit(pending.text);
        });
    const actions = isDenied ? [button("Discard", discard)] : [again, button("Discard", discard)];
    this.#options.change(() => {
      pending.item.classList.add("failed");
      pending.note.setAttribute("role", "alert");
      pending.note.replaceChildren(
        element("span", { text: explain(failure) }),
        element("span", { class: "actions", children: actions }),
      );
    });
  }

  #remove(isGone: (pending: Pending) => boolean): void {
    if (!this.#pending.some(isGone)) return;
    this.#pending = this.#pending.filter((pending) => !isGone(pending));
    this.#render();
  }

  #render(): void {
    const items = this.#pending.filter(({ room }) => room === this.#room).map(({ item }) => item);
    this.#options.change(() => this.#options.list.replaceChildren(...items));
  }
}
