import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { expect, it } from "vitest";
import { LazyAbort } from "../kernel/lazy-abort.js";
import { httpProcessor } from "./http-processor.js";

it("a message is posted with a signature of its time and its body", async () => {
  let seen: { readonly body: string; readonly headers: IncomingHttpHeaders } | undefined;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => void chunks.push(chunk));
    request.on("end", () => {
      seen = { body: Buffer.concat(chunks).toString(), headers: request.headers };
      response.writeHead(204).end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const secret = "a secret of both sides";
  const port = typeof address === "object" ? address?.port : 0;
  const processor = httpProcessor<number, unknown, string>({
    url: `http://127.0.0.1:${port}/`,
    secret,
    headers: { "X-More": "1" },
  });
  const context = {
    channel: "a/1",
    params: { n: "1" },
    attempt: 2,
    idempotencyKey: "m1",
    signal: new LazyAbort().signal,
    principal: {
      id: "ada",
      roles: ["member"],
      claims: { secret: "not for others" },
      expiresAtMs: undefined,
    },
    emit: () => {},
    reject: () => {
      throw new Error("it was not rejected");
    },
    drop: () => {
      throw new Error("it was not dropped");
    },
  };
  expect(await processor(5, context)).toBe(5);
  const { body = "", headers = {} } = seen ?? {};
  const timestamp = String(headers["busbar-timestamp"]);
  const signature = createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
  expect(headers).toMatchObject({ "busbar-signature": `v1=${signature}`, "idempotency-key": "m1", "x-more": "1" });
  expect(JSON.parse(body)).toEqual({
    id: "m1",
    attempt: 2,
    channel: "a/1",
    params: { n: "1" },
    data: 5,
    principal: {
      id: "ada",
      roles: ["member"],
    },
  });
  server.close();
});
