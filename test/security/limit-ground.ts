/** A server for tests of limits, and clients that go beyond them. */
import { afterEach } from "vitest";
import { z } from "zod";
import { call, channel, contract } from "busbar";
import { basic, queued, serve, silentLogger, type BusServer, type Processors, type ServeOptions } from "busbar/server";
import { RawClient } from "../support/raw-client.js";
import { TcpPeer, upgradeRequest, type RequestOptions } from "../support/tcp-peer.js";

export const app = contract({
  "chat/:room": channel({
    message: z.object({ text: z.string() }),
    presence: z.object({ name: z.string() }),
    history: { keep: 100 },
    allow: { subscribe: ["member"], publish: ["member"], presence: ["member"] },
  }),
  "board/:name": channel({ message: z.unknown(), allow: { subscribe: ["member"], publish: ["member"] } }),
  "slow/:name": channel({ message: z.unknown(), allow: { subscribe: ["member"], publish: ["member"] } }),
  "loud/:name": channel({ message: z.unknown(), allow: { subscribe: ["member"], publish: ["member"] } }),
  "queue/:name": channel({ message: z.unknown(), allow: { subscribe: ["member"], publish: ["member"] } }),
  "hang/:name": call({ input: z.unknown(), output: z.unknown(), allow: { call: ["member"] } }),
});

export type App = typeof app;
export type Options = Partial<ServeOptions<App>>;

/** What never comes to an end, unless it is given up. */
const never = (signal: AbortSignal): Promise<undefined> =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("given up"))));

const processors: Processors<App> = {
  "slow/:name": (_message, { signal }) => never(signal),
  "loud/:name": (message, { emit }) => {
    for (let count = 0; count < 3; count++) emit("board/loud", count);
    return message;
  },
  "queue/:name": queued((_message, { signal }) => never(signal)),
};

export const users = {
  ada: { password: "lovelace", roles: ["member"] },
  bob: { password: "builder", roles: ["member"] },
};

const running: BusServer<App>[] = [];
const peers: TcpPeer[] = [];

/** Ends what the tests of a file have begun. */
export function endAfterEach(): void {
  afterEach(async () => {
    for (const peer of peers.splice(0)) peer.socket.destroy();
    await Promise.all(running.splice(0).map((server) => server.close()));
  });
}

export class LimitServer {
  readonly server: BusServer<App>;
  readonly url: string;

  private constructor(server: BusServer<App>) {
    this.server = server;
    this.url = String(server.url);
  }

  static async start(options: Options = {}): Promise<LimitServer> {
    const server = await serve(app, {
      authenticate: basic(users),
      host: "127.0.0.1",
      logger: silentLogger,
      process: processors,
      handle: { "hang/:name": (_input, { signal }) => never(signal) },
      ...options,
    });
    running.push(server);
    return new LimitServer(server);
  }

  login(name: keyof typeof users = "ada"): Promise<RawClient> {
    return RawClient.login(this.url, name, users[name].password);
  }

  async open(): Promise<TcpPeer> {
    const peer = await TcpPeer.connect({ port: Number(this.server.port) });
    peers.push(peer);
    return peer;
  }

  /** Send a request for an upgrade; its answer's status and headers. */
  async ask(
    options: RequestOptions = {},
  ): Promise<{ peer: TcpPeer; status: number; headers: ReadonlyMap<string, string> }> {
    const peer = await this.open();
    const headers = { "Sec-WebSocket-Protocol": "busbar.v1", ...options.headers };
    peer.write(upgradeRequest({ target: "/bus", ...options, headers }));
    return { peer, ...(await peer.head()) };
  }
}

/** The code of the refusal of a command; undefined where it is none. */
export function codeOf(answer: Readonly<Record<string, unknown>>): unknown {
  return Object(answer["error"])["code"];
}

/** Say commands all at once; the answers to all of them, in their order. */
export async function askAll(
  client: RawClient,
  commands: readonly Record<string, unknown>[],
): Promise<Record<string, unknown>[]> {
  const ids = commands.map((command) => client.send(command));
  const answers: Record<string, unknown>[] = [];
  for (const id of ids) answers.push(await client.next(({ re }) => re === id));
  return answers;
}
