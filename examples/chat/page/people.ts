/** Shows who is in a room. */
import type { Member } from "busbar/client";
import { avatar } from "./conversation.js";
import { element } from "./dom.js";

type Person = Member<{ readonly name: string }>;

/** Show each person once, however many windows they have open. */
export function showPeople(list: HTMLElement, members: readonly Person[], ownId: string): void {
  const windows = new Map<string, Person[]>();
  for (const member of members) windows.set(member.id, [...(windows.get(member.id) ?? []), member]);
  const sorted = [...windows].toSorted(([one], [other]) => rank(one, ownId).localeCompare(rank(other, ownId)));
  const people = sorted.map(([id, all]) => {
    const name = element("span", { class: "person-name", text: all[0]?.state.name ?? id });
    const notes = [...(id === ownId ? ["you"] : []), ...(all.length > 1 ? [`${all.length} windows`] : [])];
    const note = notes.length === 0 ? [] : [element("small", { text: notes.join(", ") })];
    return element("li", { children: [avatar(id), name, ...note] });
  });
  list.replaceChildren(...people);
}

/** Oneself first, then by name, so that nobody jumps about. */
function rank(id: string, ownId: string): string {
  return `${id === ownId ? 0 : 1}${id}`;
}
