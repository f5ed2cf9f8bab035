/** For moderators: what was reported, and no machine can judge. These are the dead letters of the reports' queue. */
import type { DeadLetterView } from "busbar";
import { button, element } from "./dom.js";
import type { ChatBus } from "./room.js";
import { clockTime, displayName } from "./wording.js";

/** Dead letters are looked for this often. */
const LOOK_EVERY_MS = 2_000;

export interface ModerationPlaces {
  readonly section: HTMLElement;
  readonly list: HTMLElement;
  readonly nothing: HTMLElement;
}

/** The list of reports, for as long as its moderator is here. */
export class ModerationList {
  readonly #bus: ChatBus;
  readonly #places: ModerationPlaces;
  readonly #timer: ReturnType<typeof setInterval>;
  #shown = "";

  constructor(bus: ChatBus, places: ModerationPlaces) {
    this.#bus = bus;
    this.#places = places;
    places.section.hidden = false;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#look();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#places.section.hidden = true;
    this.#places.list.replaceChildren();
  }

  #look(): void {
    this.#bus.call("operate/dead-letters", { queue: "reports/:room" }).then(
      ({ letters }) => this.#show(letters),
      // Without a connection the list stays as it is; it is looked for again.
      () => {},
    );
  }

  #show(letters: readonly DeadLetterView[]): void {
    const ids = letters.map(({ id }) => id).join();
    if (ids === this.#shown) return;
    this.#shown = ids;
    this.#places.nothing.hidden = letters.length > 0;
    this.#places.list.replaceChildren(...letters.map((letter) => this.#itemOf(letter)));
  }

  #itemOf({ at, channel, data, from, id }: DeadLetterView): HTMLElement {
    const { author, text } = reportOf(data);
    const room = channel.split("/")[1] ?? "";
    const head = `${displayName(author)} in #${room}`;
    const by = `reported by ${displayName(from)} at ${clockTime(new Date(at))}`;
    const decide = (call: Promise<unknown>): void => {
      call.finally(() => this.#look()).catch(() => {});
    };
    const fine = button("Fine", () => decide(this.#bus.call("operate/discard", { id })));
    const unwelcome = button("Unwelcome", () => {
      decide(this.#bus.call("operate/redrive", { id, data: { author, text, verdict: "unwelcome" } }));
    });
    return element("li", {
      class: "report-item",
      children: [
        element("b", { text: head }),
        element("p", { text }),
        element("p", { class: "quiet", text: by }),
        element("p", { class: "choice", children: [fine, unwelcome] }),
      ],
    });
  }
}

/** What was reported: the letter has it as it was published. */
function reportOf(data: unknown): { readonly author: string; readonly text: string } {
  const isReport = typeof data === "object" && data !== null && "author" in data && "text" in data;
  return isReport ? { author: String(data.author), text: String(data.text) } : { author: "", text: "" };
}
