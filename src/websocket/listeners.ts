/** What a listener returns is not looked at, but for a promise: what that rejects with counts as thrown. */
export type Listener<Event> = (event: Event) => unknown;

export interface ListenersOwner {
  /** A listener threw, or what it returned rejected. The other listeners are called all the same. */
  failed(error: unknown): void;
}

/** Functions that want to hear of the events of one object. `Events` maps an event's name to what it carries. */
export class Listeners<Events extends object> {
  readonly #owner: ListenersOwner;
  readonly #byEvent: { [Name in keyof Events]?: readonly Listener<Events[Name]>[] } = {};

  constructor(owner: ListenersOwner) {
    this.#owner = owner;
  }

  /** Add a listener; returns the function that takes it off again. */
  add<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    this.#byEvent[name] = [...(this.#byEvent[name] ?? []), listener];
    return () => {
      const left = (this.#byEvent[name] ?? []).filter((other) => other !== listener);
      if (left.length === 0) delete this.#byEvent[name];
      else this.#byEvent[name] = left;
    };
  }

  /** Take all listeners of an event off. */
  clear(name: keyof Events): void {
    delete this.#byEvent[name];
  }

  has(name: keyof Events): boolean {
    return this.#byEvent[name] !== undefined;
  }

  /** Call the listeners that are there now, in the order in which they came. */
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    const listeners = this.#byEvent[name];
    if (listeners === undefined) return;
    for (const listener of listeners) {
      try {
        const done = listener(event);
        if (done instanceof Promise) done.catch((error: unknown) => this.#owner.failed(error));
      } catch (error) {
        this.#owner.failed(error);
      }
    }
  }
}
