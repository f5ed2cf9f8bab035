import { afterEach } from "vitest";
import { z } from "zod";
import { channel } from "../../src/contract/channel.js";
import { contract } from "../../src/contract/contract.js";
import { basic } from "../../src/engine/passwords.js";
import { silentLogger, type LogFields, type Logger } from "../../src/kernel/logger.js";
import type { BusServer } from "../../src/server/bus-server.js";
import type { ServeOptions } from "../../src/server/options.js";
import { serve } from "../../src/server/serve.js";
import { RawClient } from "./raw-client.js";

/** Rooms for members, which readers may read; a board of which little is kept; a room without presence. */
export const app = contract({
  "chat/:room": channel({
    message: z.object({ text: z.string().min(1).max(50_000) }),
    presence: z.object({ name: z.string() }),
    allow: { subscribe: ["member", "reader"], publish: ["member"], presence: ["member", "reader"] },
  }),
  "board/:name": channel({
    message: z.unknown(),
    history: { keep: 3 },
    allow: { subscribe: ["member"], publish: ["member"] },
  }),
});

export type App = typeof app;

export const users = {
  ada: { password: "lovelace", roles: ["member"] },
  bob: { password: "builder", roles: ["member"] },
  rob: { password: "reads", roles: ["reader"] },
};

export interface Line {
  readonly event: string;
  readonly fields: LogFields;
}

/** Servers of one test file; they stop when a test is over. */
export class BusGround {
  readonly lines: Line[] = [];
  readonly #servers: BusServer<App>[] = [];

  constructor() {
    afterEach(async () => {
      this.lines.length = 0;
      await Promise.all(this.#servers.splice(0).map((server) => server.close()));
    });
  }

  get logger(): Logger {
    const line = (event: string, fields: LogFields = {}) => void this.lines.push({ event, fields });
    return { ...silentLogger, info: line, warn: line, error: line };
  }

  async serve(options: Partial<ServeOptions<App>> = {}): Promise<{ server: BusServer<App>; url: string }> {
    const { logger } = this;
    const server = await serve(app, { authenticate: basic(users), host: "127.0.0.1", logger, ...options });
    this.#servers.push(server);
    return { server, url: String(server.url) };
  }

  /** A server, and clients that have logged in on it. */
  async serveTo<const Names extends readonly (keyof typeof users)[]>(...names: Names): Promise<Clients<Names>> {
    const { url } = await this.serve();
    const clients = await Promise.all(names.map((name) => RawClient.login(url, name, users[name].password)));
    return clients as unknown as Clients<Names>;
  }
}

/** One client for each name. */
type Clients<Names> = { readonly [Index in keyof Names]: RawClient };

export function authorization(name: string, password: string): { Authorization: string } {
  return { Authorization: `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}` };
}
