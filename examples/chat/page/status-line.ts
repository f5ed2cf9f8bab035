/** Says how the connection is doing, in one line. */
import type { StateChange } from "busbar/client";

export class StatusLine {
  readonly #place: HTMLElement;
  #countdown: ReturnType<typeof setInterval> | undefined;

  constructor(place: HTMLElement) {
    this.#place = place;
  }

  show({ state, retryInMs }: StateChange): void {
    clearInterval(this.#countdown);
    switch (state) {
      case "connecting":
        return this.#say("waiting", "Connecting…");
      case "resuming":
        return this.#say("waiting", "Reconnecting…");
      case "open":
        return this.#say("good", "Connected");
      case "closed":
        return this.#say("bad", "Disconnected");
      case "offline":
        return this.#countDown(performance.now() + (retryInMs ?? 0));
    }
  }

  #countDown(untilMs: number): void {
    const tick = (): void => {
      const seconds = Math.ceil((untilMs - performance.now()) / 1000);
      if (!navigator.onLine) this.#say("bad", "Offline: no network");
      else if (seconds <= 0) this.#say("waiting", "Reconnecting…");
      else this.#say("bad", `Reconnecting in ${seconds} s`);
    };
    tick();
    this.#countdown = setInterval(tick, 500);
  }

  #say(kind: "good" | "waiting" | "bad", text: string): void {
    if (this.#place.textContent === text) return;
    this.#place.dataset["kind"] = kind;
    this.#place.textContent = text;
  }
}
