import { once } from "node:events";
import { createServer } from "node:http";
import { expect, it } from "vitest";
import { httpDefault } from "./http-default.js";

it("the default answers for its health, and with 404 to everything else", async () => {
  const server = createServer((request, response) => void httpDefault(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = Object(server.address());
  const ask = async (path: string, method = "GET") => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return [response.status, await response.text(), response.headers.get("cache-control")];
  };
  expect(await ask("/health")).toEqual([200, "ok\n", "no-store"]);
  expect(await ask("/health", "HEAD")).toEqual([200, "", "no-store"]);
  expect(await ask("/health", "POST")).toEqual([404, expect.stringContaining("nothing here"), "no-store"]);
  expect(await ask("/")).toEqual([404, expect.stringContaining("nothing here"), "no-store"]);
  server.close();
  server.closeAllConnections();
});
