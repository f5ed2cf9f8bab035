/** Shows a room's entries: messages in groups by author and time, dividers between days and for what was missed. */
import { button, element } from "./dom.js";
import type { AwayEntry, Entry, MessageEntry } from "./room.js";
import { ENTRIES_MAX } from "./room.js";
import { clockTime, count, day, displayName, duration } from "./wording.js";

/** Messages of one author that follow each other within this time stand together. */
const GROUP_MS = 5 * 60_000;

/** Nearer to the end than this, the view follows what comes. */
const FOLLOW_PX = 80;

export interface ConversationOptions {
  /** The element that scrolls. */
  readonly log: HTMLElement;
  readonly list: HTMLElement;
  readonly empty: HTMLElement;
  /** Brings the reader to what came while they read further up. */
  readonly newer: HTMLButtonElement;
  /** Somebody finds a message unwelcome; resolves when that was taken. */
  readonly onReport: (message: MessageEntry) => Promise<void>;
}

export class Conversation {
  readonly #options: ConversationOptions;
  #ownId = "";
  #last: MessageEntry | undefined;
  #group: HTMLElement | undefined;
  #away: HTMLElement | undefined;
  #newerCount = 0;

  constructor(options: ConversationOptions) {
    this.#options = options;
    options.newer.addEventListener("click", () => this.scrollToEnd());
    options.log.addEventListener("scroll", () => {
      if (this.#isAtEnd) this.#setNewer(0);
    });
  }

  /** Show a room from its beginning. */
  show(entries: readonly Entry[], ownId: string): void {
    this.#ownId = ownId;
    this.#last = undefined;
    this.#group = undefined;
    this.#options.list.replaceChildren();
    // A room that is opened is not read out from its beginning.
    this.#options.log.ariaBusy = "true";
    for (const entry of entries) this.#append(entry);
    this.#options.log.ariaBusy = "false";
    this.#options.empty.hidden = entries.length > 0;
    this.scrollToEnd();
  }

  add(entry: Entry): void {
    const isFollowing = this.#isAtEnd || (entry.type === "message" && entry.from === this.#ownId);
    this.#options.empty.hidden = true;
    this.#append(entry);
    while (this.#options.list.childElementCount > ENTRIES_MAX) this.#options.list.firstElementChild?.remove();
    if (isFollowing) this.scrollToEnd();
    else if (entry.type === "message") this.#setNewer(this.#newerCount + 1);
  }

  changeAway(entry: AwayEntry): void {
    if (this.#away !== undefined) this.#away.textContent = awayText(entry);
  }

  scrollToEnd(): void {
    const { log } = this.#options;
    log.scrollTop = log.scrollHeight;
    this.#setNewer(0);
  }

  /** Go on following when something above or below the messages has changed its height. */
  keepAtEnd(change: () => void): void {
    const wasAtEnd = this.#isAtEnd;
    change();
    if (wasAtEnd) this.scrollToEnd();
  }

  get #isAtEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.#options.log;
    return scrollHeight - scrollTop - clientHeight < FOLLOW_PX;
  }

  #setNewer(number: number): void {
    this.#newerCount = number;
    this.#options.newer.hidden = number === 0;
    this.#options.newer.textContent = `↓ ${count(number, "new message")}`;
  }

  #append(entry: Entry): void {
    switch (entry.type) {
      case "message":
        return this.#appendMessage(entry);
      case "away":
        this.#away = this.#appendDivider("divider away", awayText(entry));
        return;
      case "gap":
        this.#appendDivider("divider gap", gapText(entry.lostCount));
    }
  }

  #appendMessage(message: MessageEntry): void {
    const at = new Date(message.at);
    const last = this.#last;
    this.#last = message;
    if (last === undefined || new Date(last.at).toDateString() !== at.toDateString()) {
      this.#appendDivider("divider", day(at, new Date()));
    }
    const isSameGroup = last?.from === message.from && message.at - last.at < GROUP_MS;
    if (this.#group === undefined || !isSameGroup) this.#group = this.#appendGroup(message.from, at);
    const text = element("p", { class: "text", text: message.text, attributes: { title: at.toLocaleString() } });
    if (message.from !== this.#ownId) text.append(this.#reportButton(message));
    this.#group.append(text);
  }

  /** Its word stands in the style sheet: it is no part of the message's text. */
  #reportButton(message: MessageEntry): HTMLButtonElement {
    const made = button("", () => {
      made.disabled = true;
      this.#options.onReport(message).catch(() => (made.disabled = false));
    });
    made.classList.add("report");
    made.ariaLabel = "Report this message";
    return made;
  }

  #appendGroup(from: string, at: Date): HTMLElement {
    const time = element("time", { text: clockTime(at), attributes: { datetime: at.toISOString() } });
    const isOwn = from === this.#ownId;
    const name = element("b", { text: isOwn ? "You" : displayName(from) });
    const bubbles = element("div", { class: "bubbles" });
    const head = element("div", { class: "head", children: [name, " ", time].map(nodeOf) });
    const group = element("li", {
      class: isOwn ? "group own" : "group",
      children: [avatar(from), head, bubbles],
    });
    this.#options.list.append(group);
    return bubbles;
  }

  #appendDivider(kind: string, text: string): HTMLElement {
    const divider = element("li", { class: kind, children: [element("span", { text })] });
    this.#group = undefined;
    this.#options.list.append(divider);
    return divider.firstElementChild instanceof HTMLElement ? divider.firstElementChild : divider;
  }
}

/** A round initial in a colour of its own, for the eyes alone. */
export function avatar(id: string): HTMLElement {
  let hue = 0;
  for (const character of id) hue = (hue * 13 + (character.codePointAt(0) ?? 0)) % 12;
  return element("span", {
    class: `avatar hue-${hue}`,
    text: displayName(id).charAt(0),
    attributes: { "aria-hidden": "true" },
  });
}

function nodeOf(part: Node | string): Node {
  return typeof part === "string" ? document.createTextNode(part) : part;
}

function awayText({ absence, missedCount }: AwayEntry): string {
  return `You were away for ${duration(absence.toMs - absence.fromMs)} and missed ${count(missedCount, "message")}`;
}

function gapText(lostCount: number | undefined): string {
  return lostCount === undefined
    ? "The server has started anew: what was said before is gone"
    : `${count(lostCount, "message")} can no longer be shown`;
}
