/** Pages of a real Chromium that log in with a token: by busbar's client, and by a subprotocol. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { attach, bearer, silentLogger, type BusServer } from "busbar/server";
import { describeWith } from "../requirements.js";
import { app, type App } from "../support/bus-ground.js";
import { hmac, nowSeconds, randomSecret, tokenOf } from "../support/signed-tokens.js";

const secret = randomSecret();
const claims = () => ({ sub: "ada", roles: ["member"], exp: nowSeconds() + 600 });
const token = (): string => tokenOf({ alg: "HS256" }, claims(), hmac(secret));

/** What the page's script has of busbar's client. */
interface PageClient {
  connect(
    url: string,
    options: { token: () => string },
  ): {
    channel(name: string): { publish(data: unknown): Promise<{ stage: string }> };
    close(): void;
  };
}

/** In a page: publish with the client; the receipt's stage, or the error's code. */
async function publishWith(shown: string): Promise<string> {
  const { connect } = (globalThis as unknown as { readonly busbar: PageClient }).busbar;
  const bus = connect("/bus", { token: () => shown });
  try {
    return (await bus.channel("chat/lobby").publish({ text: "hello" })).stage;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  } finally {
    bus.close();
  }
}

/** In a page: offer the token as a subprotocol, and say hello without one; the protocol and the answer, or how it closed. */
function offer(shown: string): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://${location.host}/bus`, ["busbar.v1", `busbar.token.${shown}`]);
    socket.addEventListener("open", () => socket.send(JSON.stringify({ id: 1, do: "hello" })));
    socket.addEventListener("message", ({ data }) => resolve([socket.protocol, String(data)]));
    socket.addEventListener("close", ({ code }) => resolve([`closed with ${code}`]));
  });
}

describeWith("chromium", "a page with a token", (executablePath) => {
  let browser: Browser;
  let http: Server;
  let bus: BusServer<App>;
  let page: Page;

  beforeAll(async () => {
    const { outputFiles } = await build({
      entryPoints: ["src/entry/client-browser.ts"],
      bundle: true,
      format: "iife",
      globalName: "busbar",
      platform: "browser",
      write: false,
    });
    http = createServer((request, response) => {
      const isScript = request.url === "/client.js";
      response.writeHead(200, { "Content-Type": isScript ? "text/javascript" : "text/html" });
      response.end(
        isScript ? outputFiles[0]?.text : "<!doctype html><title>a page</title><script src=/client.js></script>",
      );
    });
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    bus = await attach(http, app, { authenticate: bearer({ alg: "HS256", secret }), logger: silentLogger });
    browser = await chromium.launch({
      executablePath,
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    });
    page = await browser.newPage();
    await page.goto(`http://localhost:${(http.address() as AddressInfo).port}/`);
  });

  afterAll(async () => {
    await browser.close();
    await bus.close();
    http.close().closeAllConnections();
  });

  it("logs in with busbar's client, and not with a forged one", async () => {
    expect(await page.evaluate(publishWith, token())).toBe("delivered");
    const forged = tokenOf({ alg: "HS256" }, claims(), hmac("forged"));
    expect(await page.evaluate(publishWith, forged)).toBe("auth/refused");
  });

  it("logs in by a subprotocol, which is not repeated, and not with a forged one", async () => {
    const [protocol, reply] = await page.evaluate(offer, token());
    expect(protocol).toBe("busbar.v1");
    expect(JSON.parse(String(reply))).toMatchObject({ ok: { principal: { id: "ada", roles: ["member"] } } });
    expect(await page.evaluate(offer, `${token()}x`)).toEqual(["closed with 1006"]);
  });
});
