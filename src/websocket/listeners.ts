/** What a listener returns is not looked at, but for a promise: what that rejects with counts as thrown. */
export type Listener<Event> = (event: Event) => unknown;

export interface ListenersOwner {
  /** A listener threw, or what it returned rejected. The other listeners are called all the same. */
  failed(error: unknown): void;
}

/** The only listener of an event, or all of them in the order in which they came. Most have one, and no list then. */
export type OneOrMore<Event> = Listener<Event> | readonly Listener<Event>[];

/** Functions that want to hear of the events of one object. `Events` maps an event's name to what it carries. */
export class Listeners<Events extends object> {
  readonly #owner: ListenersOwner;
  readonly #byEvent: { [Name in keyof Events]?: OneOrMore<Events[Name]> | undefined } = {};

  constructor(owner: ListenersOwner) {
    this.#owner = owner;
  }

  /** Add a listener; returns the function that takes it off again. */
  add<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    const before = this.#byEvent[name];
    this.#byEvent[name] = before === undefined ? listener : [before, listener].flat();
    return () => {
      const left = [this.#byEvent[name] ?? []].flat().filter((other) => other !== listener);
      this.#byEvent[name] = left.length > 1 ? left : left[0];
    };
  }

  /** Take all listeners of an event off. */
  clear(name: keyof Events): void {
    this.#byEvent[name] = undefined;
  }

  /**
   * The listeners of each event; undefined without any. V8 finds what is asked for by a name
   * that stands in the program faster than by one in a variable.
   *
   * Nothing is deleted from it: V8 would look names up in a table from then on.
   */
  get by(): { readonly [Name in keyof Events]?: OneOrMore<Events[Name]> | undefined } {
    return this.#byEvent;
  }

  /** Call these listeners of the event. */
  call<Event>(listeners: OneOrMore<Event> | undefined, event: Event): void {
    if (listeners === undefined) return;
    if (typeof listeners === "function") this.#call(listeners, event);
    else for (const listener of listeners) this.#call(listener, event);
  }

  #call<Event>(listener: Listener<Event>, event: Event): void {
    try {
      const done = listener(event);
      if (done instanceof Promise) done.catch((error: unknown) => this.#owner.failed(error));
    } catch (error) {
      this.#owner.failed(error);
    }
  }
}
