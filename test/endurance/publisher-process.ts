/** Publishers that do not wait for their receipts. Asked to finish, they wait for those that are missing. */
import { connect, type Bus } from "busbar/client";
import { SeededRandom } from "busbar/testing";
import { app, user, type App } from "./contract.js";
import { Batch, settings, tell, type PublisherSettings, type PublisherTold } from "./talk.js";
import type { Acknowledgement } from "./witness.js";

const { url, seed, names, channels, everyMs } = settings<PublisherSettings>();
const random = new SeededRandom(seed);

/** Messages of one publisher that have no receipt. */
const UNANSWERED_MAX = 200;

const acknowledged = new Batch<Acknowledgement>((list) => tell<PublisherTold>({ kind: "acknowledged", list }));

class Publisher {
  readonly #bus: Bus<App>;
  readonly #name: string;
  readonly #numbers = new Map<string, number>();
  readonly #unanswered = new Set<Promise<void>>();
  #isFinishing = false;

  constructor(name: string) {
    this.#name = name;
    this.#bus = connect(url, {
      contract: app,
      auth: () => ({ scheme: "basic", ...user }),
      reconnectDelayMs: 50,
      reconnectDelayMsMax: 400,
    });
    let opened = 0;
    this.#bus.on("open", () => {
      if (opened++ > 0) tell<PublisherTold>({ kind: "reconnected" });
    });
  }

  /** Publish now and then, one message or a few at once. */
  run(): void {
    if (this.#isFinishing) return;
    const count = random.fraction() < 0.1 ? random.integer(2, 20) : 1;
    for (let index = 0; index < count && this.#unanswered.size < UNANSWERED_MAX; index++) this.#publish();
    setTimeout(() => this.run(), random.integer(0, 2 * everyMs));
  }

  async finish(): Promise<void> {
    this.#isFinishing = true;
    await Promise.all(this.#unanswered);
    this.#bus.close();
  }

  #publish(): void {
    const channel = channels[random.integer(0, channels.length - 1)] ?? "";
    const number = (this.#numbers.get(channel) ?? 0) + 1;
    this.#numbers.set(channel, number);
    const work = this.#send(channel, number).finally(() => this.#unanswered.delete(work));
    this.#unanswered.add(work);
  }

  async #send(channel: string, number: number): Promise<void> {
    const publisher = this.#name;
    try {
      const receipt = await this.#bus.channel(`log/${channel}`).publish({ publisher, number });
      if (receipt.stage !== "delivered") throw new Error(`was ${receipt.stage}`);
      acknowledged.add({ channel, publisher, number, position: receipt.position });
    } catch (error) {
      tell<PublisherTold>({ kind: "refused", text: `${channel} ${publisher} ${number}: ${String(error)}` });
    }
  }
}

const publishers = names.map((name) => new Publisher(name));
for (const publisher of publishers) publisher.run();

process.once("message", () => {
  Promise.all(publishers.map((publisher) => publisher.finish())).then(
    () => tell<PublisherTold>({ kind: "finished" }),
    (error: unknown) => tell<PublisherTold>({ kind: "refused", text: String(error) }),
  );
});
// Without the test there is nobody to publish for.
process.once("disconnect", () => process.exit());
