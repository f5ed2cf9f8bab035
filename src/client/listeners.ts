/** Functions that want to hear of events. `Events` maps an event's name to what it carries. */
export class Listeners<Events extends object> {
  readonly #byEvent: { [Name in keyof Events]?: Set<(event: Events[Name]) => void> } = {};
  readonly #reportDefect: (error: unknown) => void;

  constructor(reportDefect: (error: unknown) => void) {
    this.#reportDefect = reportDefect;
  }

  /** Returns the function that takes the listener off again. */
  add<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    const own = (event: Events[Name]): void => listener(event);
    const listeners = (this.#byEvent[name] ??= new Set());
    listeners.add(own);
    return () => void listeners.delete(own);
  }

  /** Call those that are there now. What one throws is reported, and keeps nothing from the others. */
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of new Set(this.#byEvent[name])) {
      try {
        listener(event);
      } catch (error) {
        this.#reportDefect(error);
      }
    }
  }
}
