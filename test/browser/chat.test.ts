/** The whole way, in a real browser: page, client, wire, session, pipeline, log, and back. */
import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { describeWith } from "../requirements.js";
import { ChatWindow, openBrowser } from "./chat-pages.js";
import { newDataFolder, startChat, type ChatProcess } from "./chat-process.js";
import { CuttingProxy } from "./cutting-proxy.js";

describeWith("chromium", "the chat in a browser", (path) => {
  let browser: Browser;
  let chat: ChatProcess;
  let proxy: CuttingProxy;
  const windows: ChatWindow[] = [];

  beforeAll(async () => {
    browser = await openBrowser(path);
  });

  beforeEach(async () => {
    chat = await startChat();
    proxy = await CuttingProxy.begin(chat.port);
  });

  afterEach(async () => {
    const complaints = windows.flatMap((window) => window.complaints);
    for (const window of windows.splice(0)) await window.close();
    await proxy.close();
    expect(await chat.stop()).toBe(0);
    expect(complaints).toEqual([]);
  });

  afterAll(async () => {
    await browser.close();
  });

  /** A window straight to the server. */
  async function open(options: BrowserContextOptions & { readonly url?: string } = {}): Promise<ChatWindow> {
    const { url = `http://127.0.0.1:${chat.port}`, ...others } = options;
    const window = await ChatWindow.open(browser, url, others);
    windows.push(window);
    return window;
  }

  /** A window whose connection can be cut. */
  const openCuttable = (): Promise<ChatWindow> => open({ url: proxy.url });

  it("refuses a wrong password in words, and lets in with the right one", async () => {
    const window = await open();
    await window.fillLogin("ada", "");
    await window.page.getByText("Fill in a name and a password").waitFor();
    await window.fillLogin("ada", "babbage");
    await window.page.getByText("This name and password are not known here.").waitFor();
    await expect(window.composer.isVisible()).resolves.toBe(false);
    await window.fillLogin("ada", "lovelace");
    await window.status("Connected").waitFor();
    await window.page.getByRole("button", { name: "Log out" }).click();
    await window.page.getByRole("button", { name: "Log in" }).waitFor();
    expect(chat.output()).toContain("auth/refused");
    expect(chat.output()).not.toContain("babbage");
  });

  it("carries messages both ways, and tells own ones and those of others apart", async () => {
    const [ada, alan] = await Promise.all([open(), open()]);
    await Promise.all([ada.logIn("ada"), alan.logIn("alan")]);
    await ada.say("Good morning!");
    await alan.untilLast("Good morning!");
    await alan.say("Morning, Ada.");
    await ada.untilLast("Morning, Ada.");
    expect([await ada.texts(), await alan.texts()]).toEqual([
      ["Good morning!", "Morning, Ada."],
      ["Good morning!", "Morning, Ada."],
    ]);
    expect(await ada.page.locator(".group.own .text").allTextContents()).toEqual(["Good morning!"]);
    expect(await alan.page.locator(".group:not(.own) .head b").allTextContents()).toEqual(["Ada"]);
  });

  it("puts messages of one author together", async () => {
    const ada = await (await open()).logIn("ada");
    for (const text of ["one", "two", "three"]) await ada.say(text);
    expect(await ada.page.locator("#messages .group").count()).toBe(1);
  });

  it("shows who is there, each person once, and who left", async () => {
    const ada = await (await open()).logIn("ada");
    const [alan, alanToo] = await Promise.all([open(), open()]);
    await Promise.all([alan.logIn("alan"), alanToo.logIn("alan")]);
    await ada.people
      .filter({ hasText: "Alan 2 windows" })
      .or(ada.people.filter({ hasText: "2 windows" }))
      .waitFor();
    expect(await ada.people.locator(".person-name").allTextContents()).toEqual(["Ada", "Alan"]);
    await alanToo.page.getByRole("button", { name: "Log out" }).click();
    await ada.people.filter({ hasText: "2 windows" }).waitFor({ state: "detached" });
    await alan.page.getByRole("link", { name: "random" }).click();
    await ada.people.filter({ hasText: "Alan" }).waitFor({ state: "detached" });
    expect(await ada.people.locator(".person-name").allTextContents()).toEqual(["Ada"]);
  });

  it("keeps rooms apart, and counts what is unread in the others", async () => {
    const [ada, alan] = await Promise.all([open(), open()]);
    await Promise.all([ada.logIn("ada"), alan.logIn("alan")]);
    await ada.page.getByRole("link", { name: "random" }).click();
    await ada.say("Off topic.");
    await ada.say("Quite.");
    await alan.page.getByLabel("2 unread messages").waitFor();
    expect(await alan.texts()).toEqual([]);
    await alan.page.getByRole("link", { name: "random" }).click();
    await alan.untilLast("Quite.");
    expect(await alan.texts()).toEqual(["Off topic.", "Quite."]);
    expect(await alan.page.getByLabel("unread").count()).toBe(0);
  });

  it("tells who may only read why the message was refused", async () => {
    const grace = await (await open()).logIn("grace");
    const ada = await (await open()).logIn("ada");
    await ada.say("Can you read me?");
    await grace.untilLast("Can you read me?");
    await grace.write("Loud and clear.");
    await grace.pending.getByText("grace may not publish to chat/lobby").waitFor();
    await expect(grace.page.getByRole("button", { name: "Send", exact: true }).isDisabled()).resolves.toBe(true);
    await grace.page.getByRole("button", { name: "Discard" }).click();
    expect(await grace.pending.count()).toBe(0);
    expect(await ada.texts()).toEqual(["Can you read me?"]);
    expect(chat.output()).toMatch(/"principal":"grace".*"code":"policy\/denied"/);
  });

  it("has each message processed: shouting is softened, spam is sent back with the reason", async () => {
    const ada = await (await open()).logIn("ada");
    await ada.write("WHY IS EVERYBODY SHOUTING? I AM NOT.");
    await ada.untilLast("Why is everybody shouting? I am not.");
    await ada.write("Buy spam.");
    await ada.pending.getByText("“spam” is not welcome in this chat.").waitFor();
    await ada.page.getByRole("button", { name: "Edit" }).click();
    expect(await ada.composer.inputValue()).toBe("Buy spam.");
    await ada.say("Buy flowers.");
    expect(await ada.texts()).toEqual(["Why is everybody shouting? I am not.", "Buy flowers."]);
  });

  it("tells who was mentioned, in whichever room they are", async () => {
    const [ada, alan] = [await (await open()).logIn("ada"), await (await open()).logIn("alan")];
    await alan.page.getByRole("link", { name: "random" }).click();
    await ada.say("Has anybody seen @alan?");
    const mention = alan.page.locator("#mention");
    await mention.getByText("Ada mentioned you: Has anybody seen @alan?").waitFor();
    await mention.getByRole("button", { name: "Go to #lobby" }).click();
    await alan.untilLast("Has anybody seen @alan?");
    expect(await mention.isVisible()).toBe(false);
    expect(await ada.page.locator("#mention").isVisible()).toBe(false);
  });

  it("has reported messages judged, those by a person that no machine can judge", async () => {
    const [ada, alan] = [await (await open()).logIn("ada"), await (await open()).logIn("alan")];
    const rosa = await (await open()).logIn("rosa");
    const report = async (text: string): Promise<void> => {
      const message = alan.messages.filter({ hasText: text });
      await message.hover();
      await message.getByRole("button", { name: "Report" }).click();
    };
    for (const text of ["Come to my c4sino!", "Nobody likes your hat.", "What a nice day."]) await ada.say(text);
    // The machine's to judge.
    await report("c4sino");
    await alan.untilLast("Reported, and rightly so: a message of ada was against the house rules.");
    // A person's.
    await report("your hat");
    await report("nice day");
    const items = rosa.page.locator("#reports li");
    await items.nth(1).waitFor();
    expect(await items.allTextContents()).toEqual([
      expect.stringContaining("Nobody likes your hat."),
      expect.stringContaining("What a nice day."),
    ]);
    await items.filter({ hasText: "nice day" }).getByRole("button", { name: "Fine" }).click();
    await items.filter({ hasText: "nice day" }).waitFor({ state: "detached" });
    await items.filter({ hasText: "your hat" }).getByRole("button", { name: "Unwelcome" }).click();
    await rosa.page.getByText("Nothing to look at.").waitFor();
    await expect.poll(async () => (await ada.texts()).filter((text) => text.startsWith("Reported"))).toHaveLength(2);
    expect(await alan.page.locator("#moderation").isVisible()).toBe(false);
  });

  it("answers bad input with a readable line, and goes on", async () => {
    const ada = await (await open()).logIn("ada");
    await ada.write("x".repeat(2001));
    await ada.pending.getByText("a message has at most 2000 characters").waitFor();
    await ada.page.getByRole("button", { name: "Discard" }).click();
    await ada.write("y".repeat(70_000));
    await ada.pending.getByText("This is far too long to be one message.").waitFor();
    await ada.page.getByRole("button", { name: "Discard" }).click();
    for (const room of ["#no such room", "#a/b", "#%"]) {
      await ada.page.evaluate((hash) => (location.hash = hash), room);
      await ada.notice.getByText("There is no such room").waitFor();
      await ada.page.getByRole("link", { name: "random" }).click();
      await ada.notice.waitFor({ state: "hidden" });
    }
    await ada.say("Still here.");
    expect(await ada.page.getByRole("navigation").getByRole("link").allTextContents()).toEqual([
      "lobby",
      "random",
      "help",
    ]);
  });

  it("shows text as text, whatever it looks like", async () => {
    const [ada, alan] = await Promise.all([open(), open()]);
    await Promise.all([ada.logIn("ada"), alan.logIn("alan")]);
    const text = '<img src="x" onerror="document.title=1"><b>bold</b> &amp; مرحبا 😀';
    await ada.say(text);
    await alan.untilLast("bold");
    expect(await alan.texts()).toEqual([text]);
    expect(await alan.page.locator("#messages img, #messages b b").count()).toBe(0);
  });

  it("survives what no page of ours would send", async () => {
    const ada = await (await open()).logIn("ada");
    const answers = await ada.page.evaluate(async () => {
      const socket = new WebSocket(`ws://${location.host}/bus`, "busbar.v1");
      const heard: string[] = [];
      socket.addEventListener("open", () => {
        for (const text of [
          "}{",
          "[]",
          '{"id":1,"do":"fly"}',
          '{"id":"__proto__","do":7}',
          '{"id":2,"do":"publish"}',
        ]) {
          socket.send(text);
        }
        socket.send(new Uint8Array([1, 2, 3]));
      });
      socket.addEventListener("message", ({ data }) => {
        if (heard.push(String(data)) === 6) socket.close();
      });
      await new Promise((resolve) => socket.addEventListener("close", resolve));
      return heard;
    });
    const codes = answers.map((answer) => /"code":"([^"]+)"/.exec(answer)?.[1]);
    expect(codes).toEqual([
      "wire/not-json",
      "wire/not-json",
      "wire/unknown-command",
      "wire/malformed",
      "wire/malformed",
      "wire/not-json",
    ]);
    await ada.say("The process lives.");
  });

  it("comes back by itself after a cut, with what was missed, in order and once", async () => {
    const ada = await (await open()).logIn("ada");
    const alan = await (await openCuttable()).logIn("alan");
    await ada.say("Before.");
    await alan.untilLast("Before.");
    proxy.cut();
    await alan.status("Reconnecting").waitFor();
    for (const text of ["First missed.", "Second missed.", "Third missed."]) await ada.say(text);
    proxy.mend();
    await alan.status("Connected").waitFor();
    await alan.untilLast("Third missed.");
    await ada.say("After.");
    await alan.untilLast("After.");
    const all = ["Before.", "First missed.", "Second missed.", "Third missed.", "After."];
    expect(await alan.texts()).toEqual(all);
    expect(await alan.dividers.filter({ hasText: "away" }).allTextContents()).toEqual([
      expect.stringMatching(/^You were away for .* and missed 3 messages$/),
    ]);
    // Who is away for less than the lease has never left.
    expect(await ada.people.filter({ hasText: "Alan" }).count()).toBe(1);
    await alan.say("I am back.");
    expect(await ada.texts()).toEqual([...all, "I am back."]);
  });

  it("sends what was written without a connection when there is one again", async () => {
    const ada = await (await open()).logIn("ada");
    const alan = await (await openCuttable()).logIn("alan");
    proxy.cut();
    await alan.status("Reconnecting").waitFor();
    await alan.write("Written in a tunnel.");
    await alan.pending.getByText("Sending…").waitFor();
    proxy.mend();
    await alan.untilLast("Written in a tunnel.");
    await ada.untilLast("Written in a tunnel.");
    expect([await alan.texts(), await ada.texts()]).toEqual([["Written in a tunnel."], ["Written in a tunnel."]]);
    expect(await alan.pending.count()).toBe(0);
  });

  it("says that messages are gone when the server has started anew without them", async () => {
    const alan = await (await openCuttable()).logIn("alan");
    await alan.say("Nobody will remember this.");
    proxy.cut();
    expect(await chat.stop()).toBe(0);
    chat = await startChat();
    proxy.target = chat.port;
    proxy.mend();
    await alan.status("Connected").waitFor();
    await alan.dividers.filter({ hasText: "The server has started anew: what was said before is gone" }).waitFor();
    await alan.say("A new page.");
    expect(await alan.texts()).toEqual(["Nobody will remember this.", "A new page."]);
  });

  it("is as it was after the server was killed with kill -9 and started again", async () => {
    const data = newDataFolder();
    await chat.stop();
    chat = await startChat({ data });
    proxy.target = chat.port;
    const [ada, alan] = await Promise.all([openCuttable(), openCuttable()]);
    await Promise.all([ada.logIn("ada"), alan.logIn("alan")]);
    await ada.say("Will this survive?");
    await alan.untilLast("Will this survive?");
    await chat.kill();
    await alan.status("Reconnecting").waitFor();
    await alan.write("Written while it was dead.");
    chat = await startChat({ data });
    proxy.target = chat.port;
    await Promise.all([ada.untilLast("Written while it was dead."), alan.untilLast("Written while it was dead.")]);
    await ada.say("It has.");
    await alan.untilLast("It has.");
    const all = ["Will this survive?", "Written while it was dead.", "It has."];
    expect([await ada.texts(), await alan.texts()]).toEqual([all, all]);
    expect(await ada.dividers.filter({ hasText: "gone" }).count()).toBe(0);
    expect(await ada.people.count()).toBe(2);
    const late = await (await open()).logIn("grace");
    await late.untilLast("It has.");
    expect(await late.texts()).toEqual(all);
  });

  it("says when the network is gone, and is back at once with it", async () => {
    const ada = await (await open()).logIn("ada");
    await ada.page.context().setOffline(true);
    await ada.status("Offline: no network").waitFor();
    await ada.page.context().setOffline(false);
    await ada.status("Connected").waitFor();
    await ada.say("And here I am.");
    expect(await ada.texts()).toEqual(["And here I am."]);
  });

  it.each([
    { width: 360, height: 640 },
    { width: 1280, height: 800 },
  ])("fits on a screen of $width by $height without scrolling sideways", async (viewport) => {
    const ada = await (await open({ viewport })).logIn("ada");
    await ada.say(`A long word: ${"antidisestablishmentarianism".repeat(8)}`);
    await ada.write(`spam ${"w".repeat(200)}`);
    await ada.pending.getByText("not welcome").waitFor();
    const sizes = await ada.page.evaluate(() => {
      const box = document.querySelector("#send")?.getBoundingClientRect();
      const { scrollWidth, scrollHeight } = document.documentElement;
      return { scrollWidth, scrollHeight, sendRight: box?.right ?? 0, sendBottom: box?.bottom ?? 0 };
    });
    expect(sizes.scrollWidth).toBe(viewport.width);
    expect(sizes.scrollHeight).toBe(viewport.height);
    expect(sizes.sendRight).toBeLessThanOrEqual(viewport.width);
    expect(sizes.sendBottom).toBeLessThanOrEqual(viewport.height);
    expect(await ada.page.locator("#log").evaluate((log) => log.scrollWidth - log.clientWidth)).toBe(0);
  });

  it("can be used with the keyboard alone", async () => {
    const ada = await open();
    await ada.page.getByLabel("Name").focus();
    await ada.page.keyboard.type("ada");
    await ada.page.keyboard.press("Tab");
    await ada.page.keyboard.type("lovelace");
    await ada.page.keyboard.press("Enter");
    await ada.status("Connected").waitFor();
    await ada.page.keyboard.type("No mouse");
    await ada.page.keyboard.press("Shift+Enter");
    await ada.page.keyboard.type("was harmed.");
    await ada.page.keyboard.press("Enter");
    await ada.untilLast("was harmed.");
    expect(await ada.texts()).toEqual(["No mouse\nwas harmed."]);
  });
});
