import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { BusbarError } from "../kernel/errors.js";

/** What a command sees of whoever runs it. */
export interface Terminal {
  readonly print: (line: string) => void;
  /** Ask people for something that is not shown while they type it. Rejects with `cli/cancelled`. */
  readonly askSecret: ((question: string) => Promise<string>) | undefined;
  /** All that comes in, where no people are asked. */
  readonly readAll: () => Promise<string>;
}

/** The process's own: people are asked where standard input is a terminal. */
export const processTerminal: Terminal = {
  print: (line) => void process.stdout.write(`${line}\n`),
  askSecret: process.stdin.isTTY ? askSecret : undefined,
  readAll: () => text(process.stdin),
};

async function askSecret(question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 });
  process.stderr.write(question);
  try {
    return await new Promise((resolve, reject) => {
      // Ctrl-C, or Ctrl-D.
      lines.once("close", () => reject(new BusbarError("cli/cancelled", "cancelled")));
      lines.question("").then(resolve, reject);
    });
  } finally {
    process.stderr.write("\n");
    lines.close();
  }
}
