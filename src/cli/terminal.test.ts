import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { terminalOn, type Terminal } from "./terminal.js";

interface Ground {
  readonly terminal: Terminal;
  readonly stdin: PassThrough;
  readonly shown: () => string;
}

function open(isTTY: boolean): Ground {
  const stdin = Object.assign(new PassThrough(), { isTTY });
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const shown = (): string => [stdout, stderr].map((stream) => String(stream.read() ?? "")).join("|");
  return { terminal: terminalOn({ stdin, stdout, stderr }), stdin, shown };
}

describe("a terminal", () => {
  it("shows the question, and not the answer", async () => {
    const { shown, stdin, terminal } = open(true);
    const answer = terminal.askSecret?.("Password: ");
    stdin.write("secrez\u007Ft\r");
    expect(await answer).toBe("secret");
    expect(shown()).toBe("|Password: \n");
  });

  it.each(["\u0003", "\u0004"])("is left by %j", async (key) => {
    const { stdin, terminal } = open(true);
    const answer = terminal.askSecret?.("Password: ");
    stdin.write(key);
    await expect(answer).rejects.toMatchObject({ code: "cli/cancelled" });
  });

  it("asks nobody where there is none, and reads what comes in", async () => {
    const { stdin, terminal } = open(false);
    expect(terminal.askSecret).toBeUndefined();
    const all = terminal.readAll();
    stdin.end("correct horse\n");
    expect(await all).toBe("correct horse\n");
  });

  it("tells errors apart", () => {
    const { shown, terminal } = open(false);
    terminal.print("done");
    terminal.printError("failed");
    expect(shown()).toBe("done\n|failed\n");
  });
});
