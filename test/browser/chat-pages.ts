/** The chat's page in a real browser, as a person uses it. */
import { chromium, type Browser, type BrowserContextOptions, type Locator, type Page } from "playwright-core";

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** What a browser writes to its console when a connection is cut; everything else is a fault of the page. */
const CUT_CONNECTION = /WebSocket connection to .* failed|net::ERR_/;

export async function openBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: flags });
}

/** One window of one person. */
export class ChatWindow {
  readonly page: Page;
  /** What the browser complains about: errors in the page, breaches of its security policy. */
  readonly complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(15_000);
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("console", (message) => {
      const isFault = message.type() === "error" || message.type() === "warning";
      if (isFault && !CUT_CONNECTION.test(message.text())) this.complaints.push(message.text());
    });
  }

  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<ChatWindow> {
    const context = await browser.newContext(options);
    const window = new ChatWindow(await context.newPage());
    await window.page.goto(url);
    return window;
  }

  /** Log in as a demo user, with one click. */
  async logIn(username: string): Promise<this> {
    await this.page.getByRole("group", { name: "Demo users" }).getByText(username).click();
    await this.status("Connected").waitFor();
    return this;
  }

  async fillLogin(username: string, password: string): Promise<void> {
    await this.page.getByLabel("Name").fill(username);
    await this.page.getByLabel("Password").fill(password);
    await this.page.getByRole("button", { name: "Log in" }).click();
  }

  /** Write a message and send it with Enter. */
  async write(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press("Enter");
  }

  /** Write a message and wait until the server has taken it. */
  async say(text: string): Promise<void> {
    await this.write(text);
    await this.messages.filter({ hasText: text }).waitFor();
  }

  get composer(): Locator {
    return this.page.getByRole("textbox", { name: "Message" });
  }

  /** Every message in the room, in order. */
  get messages(): Locator {
    return this.page.locator("#messages .text");
  }

  /** Messages that are being sent or could not be. */
  get pending(): Locator {
    return this.page.locator("#pending li");
  }

  get dividers(): Locator {
    return this.page.locator("#messages .divider");
  }

  get people(): Locator {
    return this.page.getByRole("region", { name: "Here now" }).getByRole("listitem");
  }

  /** The line above the composer. */
  get notice(): Locator {
    return this.page.locator("#notice");
  }

  status(text: string | RegExp): Locator {
    return this.page.getByRole("status").filter({ hasText: text });
  }

  async texts(): Promise<string[]> {
    return this.messages.allTextContents();
  }

  /** Wait until this message stands last. */
  async untilLast(text: string): Promise<void> {
    await this.page.locator("#messages > li:last-child .text:last-child").filter({ hasText: text }).waitFor();
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
