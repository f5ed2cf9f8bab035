import type { ReadStream } from "node:tty";
import { createInterface } from "node:readline/promises";
import { Writable, type Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { BusbarError } from "../kernel/errors.js";

/** What a command sees of whoever runs it. */
export interface Terminal {
  readonly print: (line: string) => void;
  readonly printError: (line: string) => void;
  /** Ask people for something that is not shown while they type it. Rejects with `cli/cancelled`. */
  readonly askSecret: ((question: string) => Promise<string>) | undefined;
  /** All that comes in, where no people are asked. */
  readonly readAll: () => Promise<string>;
}

export interface Streams {
  readonly stdin: Readable & Partial<Pick<ReadStream, "isTTY">>;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** People are asked where standard input is a terminal. */
export function terminalOn({ stderr, stdin, stdout }: Streams): Terminal {
  const askSecret = async (question: string): Promise<string> => {
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    const lines = createInterface({ input: stdin, output: nowhere, terminal: true, historySize: 0 });
    stderr.write(question);
    try {
      return await new Promise((resolve, reject) => {
        // Ctrl-C, or Ctrl-D.
        lines.once("close", () => reject(new BusbarError("cli/cancelled", "cancelled")));
        lines.question("").then(resolve, reject);
      });
    } finally {
      stderr.write("\n");
      lines.close();
    }
  };
  return {
    print: (line) => void stdout.write(`${line}\n`),
    printError: (line) => void stderr.write(`${line}\n`),
    askSecret: stdin.isTTY === true ? askSecret : undefined,
    readAll: () => text(stdin),
  };
}
