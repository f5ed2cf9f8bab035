/** Functions that want to hear of the events of one object. `Events` maps an event's name to what it carries. */
export class Listeners<Events extends object> {
  #byEvent: { [Name in keyof Events]?: readonly ((event: Events[Name]) => void)[] } = {};

  /** Add a listener; returns the function that takes it off again. */
  add<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
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

  /** Call the listeners that are there now, in the order in which they came. What one throws is the caller's to handle. */
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    const listeners = this.#byEvent[name];
    if (listeners === undefined) return;
    for (const listener of listeners) listener(event);
  }
}
