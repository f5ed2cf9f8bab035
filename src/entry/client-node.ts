/**
 * `busbar/client` in Node.
 *
 * @module
 */
import { nodeClock } from "../adapters/node/clock.js";
import { NodeRandom } from "../adapters/node/random.js";
import { busUrl, openBus, type Bus, type BusOptions } from "../client/index.js";
import type { ChannelDefinitions, Contract } from "../contract/contract.js";
import type { Clock } from "../kernel/clock.js";
import { nodeSockets } from "./node-sockets.js";

export type * from "./client-types.js";
export { BusbarError } from "../kernel/errors.js";

/** `setTimeout` knows no longer time, and rings at once for one. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** Unlike the server's: a program that waits for its connection to come back is not done. */
const clock: Clock = {
  ...nodeClock,
  schedule(delayMs, task) {
    let timeout: ReturnType<typeof setTimeout>;
    const wait = (leftMs: number): void => {
      const goOn = (): void => (leftMs > TIMEOUT_MS_MAX ? wait(leftMs - TIMEOUT_MS_MAX) : task());
      timeout = setTimeout(goOn, Math.min(leftMs, TIMEOUT_MS_MAX));
    };
    wait(delayMs);
    return { cancel: () => clearTimeout(timeout) };
  },
};

/**
 * Connect to a busbar server. The bus can be used at once; it connects, and comes back, by itself.
 *
 * The process lives until `close()`.
 *
 * @example
 * const bus = connect<typeof app>("wss://example.org/bus", { token: () => fetchToken() });
 * const receipt = await bus.channel("chat/lobby").publish({ text: "hello" });
 * bus.close();
 *
 * Without a contract any channel can be read and written, and nothing is known of what its messages are.
 *
 * @param url `wss:`, `ws:`, `https:` or `http:`.
 * @throws BusbarError `connection/invalid-url`
 */
export function connect<App extends Contract = Contract<ChannelDefinitions>>(
  url: string,
  options: BusOptions & { readonly contract?: App | undefined } = {},
): Bus<App> {
  return openBus<App>(busUrl(url), options, {
    sockets: nodeSockets(),
    clock,
    random: new NodeRandom(),
    surroundings: { watch: () => () => {} },
    reportDefect: (error) =>
      queueMicrotask(() => {
        throw error;
      }),
  });
}
