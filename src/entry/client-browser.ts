/**
 * `busbar/client` in browsers, workers and every runtime that has a global WebSocket.
 *
 * @module
 */
import { browserClock } from "../adapters/browser/clock.js";
import { browserRandom } from "../adapters/browser/random.js";
import { browserSockets } from "../adapters/browser/sockets.js";
import { browserSurroundings } from "../adapters/browser/surroundings.js";
import { busUrl, openBus, type Bus, type BusOptions } from "../client/index.js";
import type { ChannelDefinitions, Contract } from "../contract/contract.js";

export type * from "./client-types.js";
export { BusbarError } from "../kernel/errors.js";

/**
 * Connect to a busbar server. The bus can be used at once; it connects, and comes back, by itself.
 *
 * @example
 * const bus = connect<typeof app>("/bus", { token: () => fetchToken() });
 * for await (const message of bus.channel("chat/lobby").messages({ from: "last 50" })) show(message.data);
 *
 * Without a contract any channel can be read and written, and nothing is known of what its messages are.
 *
 * @param url `wss:`, `ws:`, `https:` or `http:`; relative to the page's address.
 * @throws BusbarError `connection/invalid-url`
 */
export function connect<App extends Contract = Contract<ChannelDefinitions>>(
  url: string,
  options: BusOptions & { readonly contract?: App | undefined } = {},
): Bus<App> {
  const base = typeof location === "undefined" ? undefined : location.href;
  return openBus<App>(busUrl(url, base), options, {
    sockets: browserSockets,
    clock: browserClock,
    random: browserRandom,
    surroundings: browserSurroundings,
    reportDefect: (error) =>
      queueMicrotask(() => {
        throw error;
      }),
  });
}
