/** A server in a process of its own, which logs all that it can, and tells its parent what it remembers. */
import { once } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { call, channel, contract, type StandardSchema } from "busbar";
import {
  basic,
  consoleLogger,
  queued,
  serve,
  type AuthenticationRequest,
  type Authenticator,
  type Principal,
} from "busbar/server";
import { z } from "zod";
import { queuedCount, type CanaryReport, type Canaries } from "./canaries.js";

const canaries: Canaries = JSON.parse(process.argv[2] ?? "{}");
const store = process.argv[3] ?? "";

/** A schema as some libraries make them: its messages quote what they were given. */
const quoting: StandardSchema<number> = {
  "~standard": {
    version: 1,
    vendor: "canary",
    validate: (value) => ({ issues: [{ message: `expected a number, not ${JSON.stringify(value)}` }] }),
  },
};

const app = contract({
  "quoting/:n": channel({
    message: quoting,
    presence: quoting,
    allow: { subscribe: ["member"], publish: ["member"], presence: ["member"] },
  }),
  "quote/:n": call({ input: quoting, output: z.unknown(), allow: { call: ["member"] } }),
  "chat/:room": channel({
    message: z.object({ text: z.string().max(10) }),
    presence: z.strictObject({ name: z.string().max(10) }),
    allow: { subscribe: ["member"], publish: ["member"], presence: ["member"] },
  }),
  "broken/:n": channel({ message: z.unknown(), allow: { subscribe: ["member"], publish: ["member"] } }),
  "queue/:n": channel({ message: z.string().max(10), allow: { publish: ["member"] } }),
  closed: channel({ message: z.unknown() }),
  "ops/audit": channel({ message: z.unknown(), history: { keep: 1000 }, allow: { subscribe: ["operator"] } }),
  "login/:name": call({ input: z.object({ password: z.number() }), output: z.unknown(), allow: { call: ["member"] } }),
  "fail/:name": call({ input: z.unknown(), output: z.unknown(), allow: { call: ["member"] } }),
});

const member = (id: string): Principal => ({ id, roles: ["member"], claims: { jti: "t1" }, expiresAtMs: undefined });

/** Recognises the token, wherever it is; and quotes what it was shown in its errors, as no authenticator should. */
const careless: Authenticator = (request: AuthenticationRequest) => {
  const { cookies, credentials, headers, url } = request;
  const token = credentials?.scheme === "bearer" ? credentials.token : undefined;
  if (url.includes("fail=")) throw new Error(`cannot look up ${url}`);
  if (cookies.get("fail") !== undefined) throw new Error(`cannot look up ${JSON.stringify([...cookies])}`);
  if (headers.get("x-fail") !== undefined) throw new Error(`cannot look up ${headers.get("x-fail")}`);
  const subprotocols = headers.get("sec-websocket-protocol") ?? "";
  if (subprotocols.includes("fail")) throw new Error(`cannot look up ${subprotocols}`);
  if (token === `fail.${canaries.token}`) {
    throw new TypeError(`token ${token} is odd`, { cause: new Error(`in ${JSON.stringify(request)}`) });
  }
  if (token === canaries.token) return member("ada");
  return token === `other.${canaries.token}` ? member("bob") : undefined;
};

const server = await serve(app, {
  host: "127.0.0.1",
  store,
  authenticate: [basic({ ada: { password: canaries.password, roles: ["member"] } }), careless],
  process: {
    "broken/:n": () => {
      throw new Error("the processor is broken");
    },
    // It tells all that it knows of who published, as no processor should.
    "queue/:n": queued(
      (message, context) => {
        throw new Error(`cannot process ${JSON.stringify([message, context])}`);
      },
      { attemptsMax: 1, onFailure: "skip" },
    ),
  },
  handle: {
    "login/:name": () => 1,
    "quote/:n": () => 1,
    "fail/:name": () => {
      throw new Error("the handler is broken");
    },
  },
  audit: { channel: "ops/audit", sink: (event) => void process.stdout.write(`${JSON.stringify(event)}\n`) },
  limits: { audit: { refusalsPerSecond: 1000 } },
  logger: consoleLogger({ level: "debug" }),
});

process.send?.(server.port);
await once(process, "message");
let dead = await server.pipeline.deadLetters.list();
while (dead.length < queuedCount) {
  await nextTurn();
  dead = await server.pipeline.deadLetters.list();
}
const clients = Array.from(server.clients());
const report: CanaryReport = { audit: server.audit.recent(), snapshot: server.pipeline.snapshot, dead, clients };
process.send?.(report);
process.disconnect();
await server.close();
