/** The chat page: puts the login, the rooms and their parts together. */
import { BusbarError, type StateChange } from "busbar/client";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { byId, showText } from "./dom.js";
import { askWho, tellAtLogin } from "./login.js";
import { Outbox } from "./outbox.js";
import { showPeople } from "./people.js";
import { tellMentions } from "./mentions.js";
import { ModerationList } from "./moderation-list.js";
import type { ChatBus, MessageEntry, Room } from "./room.js";
import { Rooms } from "./rooms.js";
import { StatusLine } from "./status-line.js";
import { displayName, explain } from "./wording.js";

const login = byId("login", HTMLElement);
const chat = byId("chat", HTMLElement);
const notice = byId("notice", HTMLElement);
const people = byId("people", HTMLElement);
const roomName = byId("room-name", HTMLElement);

/** One login, from being let in to leaving. */
interface Stay {
  readonly bus: ChatBus;
  /** Ends what is told and shown beside the rooms. */
  readonly ends: readonly (() => void)[];
  readonly rooms: Rooms;
  presence: AbortController;
  /** When the connection was cut; undefined while there is one. */
  cutAtMs: number | undefined;
}

let stay: Stay | undefined;

const statusLine = new StatusLine(byId("status", HTMLElement));
const conversation = new Conversation({
  log: byId("log", HTMLElement),
  list: byId("messages", HTMLElement),
  empty: byId("empty", HTMLElement),
  newer: byId("newer", HTMLButtonElement),
  onReport: report,
});
const change = (task: () => void): void => conversation.keepAtEnd(task);
const composer = new Composer({
  form: byId("composer", HTMLFormElement),
  text: byId("text", HTMLTextAreaElement),
  button: byId("send", HTMLButtonElement),
  change,
  onSend: send,
});
const outbox = new Outbox({
  list: byId("pending", HTMLElement),
  change,
  onEdit: (text) => composer.edit(text),
  onDenied: () => composer.allow(false, "You can only read here"),
});

askWho(enter);
byId("logout", HTMLButtonElement).addEventListener("click", () => stay?.bus.close());
addEventListener("hashchange", () => stay?.rooms.show(roomInAddress()));

function enter(bus: ChatBus): void {
  login.hidden = true;
  chat.hidden = false;
  const me = bus.principal?.id ?? "";
  byId("me", HTMLElement).textContent = displayName(me);
  const rooms = new Rooms(bus, byId("rooms", HTMLElement), {
    roomShown: showRoom,
    entryAdded: (entry) => {
      conversation.add(entry);
      if (rooms.shown !== undefined) outbox.arrived(rooms.shown);
    },
    awayChanged: (entry) => conversation.changeAway(entry),
    roomFailed: (error) => say(explain(error)),
  });
  const ends = [tellMentions(bus, me, byId("mention", HTMLElement))];
  if (bus.principal?.roles.includes("moderator") === true) {
    const moderation = new ModerationList(bus, {
      section: byId("moderation", HTMLElement),
      list: byId("reports", HTMLElement),
      nothing: byId("nothing-reported", HTMLElement),
    });
    ends.push(() => moderation.close());
  }
  stay = { bus, ends, rooms, presence: new AbortController(), cutAtMs: undefined };
  bus.on("state", stateChanged);
  bus.on("error", (error) => say(explain(error)));
  bus.on("close", ({ error }) => leave(error === undefined ? "" : `You were logged out. ${explain(error)}`));
  composer.allow(true);
  statusLine.show({ state: bus.state });
  rooms.show(roomInAddress());
  composer.focus();
}

function leave(message: string): void {
  stay?.presence.abort();
  stay?.rooms.close();
  for (const end of stay?.ends ?? []) end();
  stay = undefined;
  outbox.clear();
  chat.hidden = true;
  login.hidden = false;
  document.title = "busbar chat";
  tellAtLogin(message);
}

function stateChanged(stateChange: StateChange): void {
  statusLine.show(stateChange);
  chat.dataset["state"] = stateChange.state;
  if (stay === undefined) return;
  switch (stateChange.state) {
    case "offline":
      stay.cutAtMs ??= Date.now();
      return;
    case "open":
      if (stay.cutAtMs !== undefined) stay.rooms.wasAway(stay.cutAtMs, Date.now());
      stay.cutAtMs = undefined;
      // The roles may be others now.
      return composer.allow(true);
    case "connecting":
    case "resuming":
    case "closed":
  }
}

function showRoom(room: Room): void {
  if (stay === undefined) return;
  say("");
  roomName.textContent = room.name;
  conversation.show(room.entries, stay.bus.principal?.id ?? "");
  outbox.show(room);
  stay.presence.abort();
  stay.presence = new AbortController();
  people.replaceChildren();
  watchPeople(stay, room).catch((error: unknown) => {
    say(error instanceof BusbarError ? explain(error) : String(error));
  });
}

/** Be seen in the room, and show who else is there. */
async function watchPeople({ bus, presence }: Stay, room: Room): Promise<void> {
  const { signal } = presence;
  const me = bus.principal?.id ?? "";
  const state = { name: displayName(me) };
  for await (const members of bus.channel(`chat/${room.name}`).presence({ state, signal })) {
    showPeople(people, members, me);
  }
}

function send(text: string): void {
  const room = stay?.rooms.shown;
  if (stay === undefined || room === undefined) return;
  say("");
  outbox.send(stay.bus, room, text);
  conversation.scrollToEnd();
}

/** Have a message looked at. */
async function report({ from, text }: MessageEntry): Promise<void> {
  const room = stay?.rooms.shown;
  if (stay === undefined || room === undefined) return;
  try {
    await stay.bus.channel(`reports/${room.name}`).publish({ author: from, text });
  } catch (error) {
    say(error instanceof BusbarError ? explain(error) : String(error));
    throw error;
  }
}

/** Show a line above the composer until the next thing happens. */
function say(text: string): void {
  change(() => showText(notice, text));
}

/** The room that the address names, as in `/#random`. */
function roomInAddress(): string {
  const name = location.hash.slice(1);
  try {
    return name === "" ? "lobby" : decodeURIComponent(name);
  } catch {
    return name;
  }
}
