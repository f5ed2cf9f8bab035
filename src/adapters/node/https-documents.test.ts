import { once } from "node:events";
import { createServer as createPlain, type RequestListener, type Server } from "node:http";
import { createServer as createTls } from "node:https";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { selfSigned } from "../../../test/support/certificate.js";
import { httpsDocuments } from "./https-documents.js";

const limits = { timeoutMs: 5_000, bytesMax: 1_000 };
const certificate = selfSigned();

async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const plain = async (listener: RequestListener): Promise<string> =>
  `http://${await listen(createPlain(listener))}/keys?x=1`;

const failed = (message: RegExp) => ({
  code: "auth/keys-not-fetched",
  retryable: true,
  message: expect.stringMatching(message),
});

describe("a document", () => {
  it("is fetched, in as many pieces as it comes", async () => {
    const asked: unknown[] = [];
    const url = await plain((request, response) => {
      asked.push(request.method, request.url, request.headers["accept-encoding"], request.headers.cookie);
      response.write("ä".repeat(250));
      setImmediate(() => response.end("ä".repeat(250)));
    });
    expect(await httpsDocuments.fetch({ url, ...limits })).toBe("ä".repeat(500));
    expect(asked).toEqual(["GET", "/keys?x=1", "identity", undefined]);
  });

  it("is fetched over TLS from who has the right certificate alone", async () => {
    const url = `https://${await listen(createTls(certificate, (_request, response) => void response.end("keys")))}/`;
    expect(await httpsDocuments.fetch({ url, ca: certificate.cert, ...limits })).toBe("keys");
    await expect(httpsDocuments.fetch({ url, ...limits })).rejects.toMatchObject(failed(/self-signed/));
    await expect(httpsDocuments.fetch({ url, ca: selfSigned().cert, ...limits })).rejects.toMatchObject(failed(/./));
  });

  it("is not fetched from where a redirect leads", async () => {
    let hits = 0;
    const other = await plain((_request, response) => {
      hits++;
      response.end("keys");
    });
    const url = await plain((_request, response) => void response.writeHead(302, { Location: other }).end());
    await expect(httpsDocuments.fetch({ url, ...limits })).rejects.toMatchObject(failed(/status is 302/));
    expect(hits).toBe(0);
  });

  it.each([
    ["is not there", /status is 404/, (_request, response) => void response.writeHead(404).end("keys")],
    ["is a part", /status is 206/, (_request, response) => void response.writeHead(206).end("keys")],
    [
      "is compressed",
      /compressed/,
      (_request, response) => void response.writeHead(200, { "Content-Encoding": "gzip" }).end(),
    ],
    ["is too long", /longer than 1000 bytes/, (_request, response) => void response.end("x".repeat(1_001))],
    [
      "is cut off",
      /aborted/,
      (_request, response) =>
        void response.writeHead(200, { "Content-Length": 9 }).write("x", () => response.destroy()),
    ],
    ["is not HTTP", /./, (request) => void request.socket.end("what?\r\n\r\n")],
  ] as const satisfies readonly (readonly [string, RegExp, RequestListener])[])(
    "that %s is none",
    async (_what, message, listener) => {
      const url = await plain(listener);
      await expect(httpsDocuments.fetch({ url, ...limits })).rejects.toMatchObject(failed(message));
    },
  );

  it("that never ends is given up when it is too long", async () => {
    let isClosed: Promise<unknown> | undefined;
    const url = await plain((request, response) => {
      isClosed = once(request.socket, "close");
      const more = (): void => {
        if (!response.destroyed) response.write("x".repeat(300), () => setImmediate(more));
      };
      more();
    });
    await expect(httpsDocuments.fetch({ url, ...limits })).rejects.toMatchObject(failed(/longer/));
    await isClosed;
  });

  it.each([
    ["no answer comes", () => undefined],
    ["the answer does not end", (_request, response) => void response.write("x")],
  ] as const satisfies readonly (readonly [string, RequestListener])[])(
    "is given up in time where %s",
    async (_what, listener) => {
      const url = await plain(listener);
      await expect(httpsDocuments.fetch({ url, ...limits, timeoutMs: 50 })).rejects.toMatchObject(failed(/timeout/));
    },
  );

  it("is none where nobody listens", async () => {
    const server = createPlain();
    const address = await listen(server);
    await once(server.close(), "close");
    await expect(httpsDocuments.fetch({ url: `http://${address}/`, ...limits })).rejects.toMatchObject(
      failed(/ECONNREFUSED/),
    );
  });
});
