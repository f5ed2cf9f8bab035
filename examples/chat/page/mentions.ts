/** Tells the person where somebody has named them. */
import { button, element } from "./dom.js";
import type { ChatBus } from "./room.js";
import { displayName } from "./wording.js";

/** Show in `place` each mention of `user` from now on; returns the function that ends it. */
export function tellMentions(bus: ChatBus, user: string, place: HTMLElement): () => void {
  const hide = (): void => {
    place.hidden = true;
    place.replaceChildren();
  };
  hide();
  const stop = bus.channel(`mentions/${user}`).subscribe(({ data: { by, room, text } }) => {
    const go = button(`Go to #${room}`, () => {
      location.hash = room;
      hide();
    });
    place.replaceChildren(
      element("span", { text: `${displayName(by)} mentioned you: ${text}` }),
      go,
      button("Dismiss", hide),
    );
    place.hidden = false;
  });
  return () => {
    stop();
    hide();
  };
}
