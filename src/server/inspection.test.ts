import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { channel } from "../contract/channel.js";
import { contract } from "../contract/contract.js";
import { silentLogger, type LogFields } from "../kernel/logger.js";
import { inspect, type InspectionOptions, type Listening } from "./inspection.js";

const app = contract({ news: channel({ message: z.unknown() }) });

type Options = Partial<InspectionOptions<typeof app>["options"]>;

/** A server that listens where it is said to. */
class FakeServer implements Listening {
  listening = true;
  readonly #address: string | null;
  #onListening: (() => void) | undefined;

  constructor(address: string | null) {
    this.#address = address;
  }

  address(): ReturnType<Listening["address"]> {
    return this.#address === "/socket" || this.#address === null
      ? this.#address
      : { address: this.#address, family: "IPv4", port: 1 };
  }

  once(_event: "listening", listener: () => void): void {
    this.#onListening = listener;
  }

  listen(): void {
    this.#onListening?.();
  }
}

function inspectedBy(lines: unknown[], httpServer: Listening, options: Options = {}): void {
  const logger = { ...silentLogger, warn: (_event: string, fields: LogFields = {}) => void lines.push(fields["code"]) };
  inspect(app, { httpServer, logger, options: { authenticate: () => undefined, store: "./data", ...options } });
}

const warningsOf = (httpServer: Listening, options?: Options): readonly unknown[] => {
  const lines: unknown[] = [];
  inspectedBy(lines, httpServer, options);
  return lines;
};

describe("inspecting a server", () => {
  it("sees where it listens", () => {
    expect(warningsOf(new FakeServer("0.0.0.0"))).toEqual(["no-tls", "no-address-limit"]);
    for (const address of ["127.0.0.1", "/socket", null]) expect(warningsOf(new FakeServer(address))).toEqual([]);
  });

  it("waits until it listens", () => {
    const server = new FakeServer("0.0.0.0");
    server.listening = false;
    const lines: unknown[] = [];
    inspectedBy(lines, server);
    expect(lines).toEqual([]);
    server.listen();
    expect(lines).toEqual(["no-tls", "no-address-limit"]);
  });

  it.each([
    [{ trustProxy: ["10.0.0.1"] }, ["no-address-limit"]],
    [{ trustProxy: [] }, ["no-tls", "no-address-limit"]],
    [{ limits: { socket: { connectionsPerAddressMax: 9 } } }, ["no-tls"]],
    [{ limits: { socket: { messageBytesMax: 9 } } }, ["no-tls", "no-address-limit"]],
    [{ store: undefined }, ["no-tls", "no-address-limit", "history-in-memory"]],
    [{ keepalive: false }, ["no-tls", "no-address-limit", "no-keepalive"]],
    [{ keepalive: {}, origins: ["https://example.org"] }, ["no-tls", "no-address-limit"]],
    [{ origins: "any" }, ["no-tls", "no-address-limit", "any-origin"]],
    [{ acknowledge: ["no-tls", "no-address-limit"] }, []],
    [
      { authenticate: [() => undefined, Object.assign(() => undefined, { traits: { hasPlainPasswords: true } })] },
      ["no-tls", "no-address-limit", "plain-passwords"],
    ],
  ] as const)("sees its options: %o", (options, codes) => {
    expect(warningsOf(new FakeServer("0.0.0.0"), options as Options)).toEqual(codes);
  });

  it("sees whether it has TLS", async () => {
    for (const [server, codes] of [
      [createServer(), ["no-tls", "no-address-limit"]],
      [createTlsServer(), ["no-address-limit"]],
    ] as const) {
      server.listen(0, "0.0.0.0");
      onTestFinished(() => void server.close());
      await once(server, "listening");
      expect(warningsOf(server)).toEqual(codes);
    }
  });
});
