import { expect, it } from "vitest";
import { runChat, startChat } from "./chat-process.js";

it("the chat's server says where it is and who can log in, and stops when asked to", async () => {
  const chat = await startChat();
  expect(chat.output()).toMatch(/ada +password: lovelace/);
  expect(chat.output()).toMatch(/grace +password: hopper +only reads/);
  expect(await chat.stop()).toBe(0);
});

it("a port that is taken, or is none, is told in one line", async () => {
  const chat = await startChat();
  const second = await runChat(String(chat.port));
  expect(second).toMatchObject({
    code: 1,
    output: expect.stringMatching(/^cannot listen on port \d+: .*PORT=8081 npm start\n$/),
  });
  expect(await runChat("eighty")).toMatchObject({
    code: 1,
    output: expect.stringMatching(/^there is no port "eighty"[^\n]*\n$/),
  });
  await chat.stop();
});

it("every part of the page comes with a content security policy, and nothing beside the page is served", async () => {
  const chat = await startChat();
  const get = (path: string): Promise<Response> => fetch(`http://localhost:${chat.port}${path}`);
  for (const path of ["/", "/chat.js", "/style.css", "/icon.svg", "/busbar/entry/client-browser.js"]) {
    const response = await get(path);
    expect([path, response.status]).toEqual([path, 200]);
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    await response.arrayBuffer();
  }
  for (const path of ["/package.json", "/server.js", "/busbar/../package.json", "/busbar/%2e%2e/package.json"]) {
    expect([path, (await get(path)).status]).toEqual([path, 404]);
  }
  await chat.stop();
});
