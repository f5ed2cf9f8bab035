import type { Surroundings, SurroundingsEvent } from "../../client/ports.js";

/** What tells of the network and the page, and what it means. */
const windowEvents: Readonly<Record<string, SurroundingsEvent>> = {
  offline: "offline",
  online: "online",
  // A page that is left keeps no socket: it could not be brought back from the back/forward cache with one.
  pagehide: "left",
  pageshow: "returned",
};

/** News from the window, or from the worker, which hears of the network alone. */
export const browserSurroundings: Surroundings = {
  watch(listener) {
    const watched = new AbortController();
    const { signal } = watched;
    for (const [name, event] of Object.entries(windowEvents)) {
      addEventListener(name, () => listener(event), { signal });
    }
    if (typeof document !== "undefined") {
      document.addEventListener("visibilitychange", () => listener(document.visibilityState), { signal });
      // A page can be opened behind another one.
      if (document.visibilityState === "hidden") listener("hidden");
    }
    return () => watched.abort();
  },
};
