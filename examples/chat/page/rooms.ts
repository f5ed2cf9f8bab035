/** The rooms of one login: which there are, which one is shown, what is unread in the others. */
import type { BusbarError } from "busbar/client";
import { element } from "./dom.js";
import { Room, type AwayEntry, type ChatBus, type Entry } from "./room.js";
import { count } from "./wording.js";

const firstRooms = ["lobby", "random", "help"];

export interface RoomsListener {
  roomShown(room: Room): void;
  entryAdded(entry: Entry): void;
  awayChanged(entry: AwayEntry): void;
  /** The room cannot be read, and another one is shown. */
  roomFailed(error: BusbarError): void;
}

export class Rooms {
  readonly #bus: ChatBus;
  readonly #list: HTMLElement;
  readonly #listener: RoomsListener;
  readonly #rooms = new Map<string, Room>();
  readonly #unread = new Map<Room, number>();
  #shown: Room | undefined;

  constructor(bus: ChatBus, list: HTMLElement, listener: RoomsListener) {
    this.#bus = bus;
    this.#list = list;
    this.#listener = listener;
    for (const name of firstRooms) this.#open(name);
  }

  get shown(): Room | undefined {
    return this.#shown;
  }

  /** Show a room, also one that nobody has been in before. */
  show(name: string): void {
    const room = this.#rooms.get(name) ?? this.#open(name);
    this.#shown = room;
    this.#unread.delete(room);
    this.#render();
    this.#listener.roomShown(room);
  }

  wasAway(fromMs: number, toMs: number): void {
    for (const room of this.#rooms.values()) room.wasAway({ fromMs, toMs });
  }

  close(): void {
    for (const room of this.#rooms.values()) room.close();
    this.#list.replaceChildren();
  }

  #open(name: string): Room {
    const room: Room = new Room(name, this.#bus, {
      entryAdded: (entry) => this.#entryAdded(room, entry),
      awayChanged: (entry) => {
        if (room === this.#shown) this.#listener.awayChanged(entry);
      },
      roomFailed: (error) => this.#roomFailed(room, error),
    });
    this.#rooms.set(name, room);
    return room;
  }

  #entryAdded(room: Room, entry: Entry): void {
    if (room === this.#shown) return this.#listener.entryAdded(entry);
    if (!room.isNews(entry) || entry.from === this.#bus.principal?.id) return;
    this.#unread.set(room, (this.#unread.get(room) ?? 0) + 1);
    this.#render();
  }

  #roomFailed(room: Room, error: BusbarError): void {
    this.#rooms.delete(room.name);
    this.#unread.delete(room);
    const [other] = this.#rooms.keys();
    if (room === this.#shown && other !== undefined) this.show(other);
    else this.#render();
    this.#listener.roomFailed(error);
  }

  #render(): void {
    const items = [...this.#rooms.values()].map((room) => {
      const link = element("a", {
        text: room.name,
        attributes: {
          href: `#${encodeURIComponent(room.name)}`,
          ...(room === this.#shown && { "aria-current": "page" }),
        },
      });
      const unread = this.#unread.get(room) ?? 0;
      if (unread > 0) {
        const says = { "aria-label": count(unread, "unread message") };
        link.append(element("span", { class: "badge", text: unread > 99 ? "99+" : `${unread}`, attributes: says }));
      }
      return element("li", { children: [link] });
    });
    this.#list.replaceChildren(...items);
    const all = [...this.#unread.values()].reduce((sum, each) => sum + each, 0);
    document.title = `${all > 0 ? `(${all}) ` : ""}${this.#shown?.name ?? ""} · busbar chat`;
  }
}
