import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface } from "node:readline";

interface Waiting {
  readonly lines: string[];
  readonly resolve: (lines: string[]) => void;
  readonly reject: (error: Error) => void;
}

/** An SQLite database, by way of SQLite's own shell. A process that dies leaves whole transactions behind, or none. */
export class Database {
  readonly #shell: ChildProcessWithoutNullStreams;
  readonly #waiting: Waiting[] = [];
  #lastMark = 0;

  constructor(path: string) {
    this.#shell = spawn(process.env["SQLITE3_PATH"] ?? "sqlite3", ["-batch", "-bail", path]);
    createInterface({ input: this.#shell.stdout }).on("line", (line) => this.#hear(line));
    this.#shell.stderr.on("data", (data: Buffer) => console.error(`sqlite3: ${data.toString().trim()}`));
    this.#shell.on("exit", () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error("the database's shell has ended"));
    });
    // Several workers write: each waits for the other.
    this.#shell.stdin.write(".timeout 10000\n");
  }

  /** Run SQL; resolves with the lines that come out. Rejects when it fails: the shell ends with the first error. */
  run(sql: string): Promise<string[]> {
    const mark = `done ${++this.#lastMark}`;
    return new Promise((resolve, reject) => {
      if (this.#shell.exitCode !== null) return reject(new Error("the database's shell has ended"));
      this.#waiting.push({ lines: [], resolve, reject });
      this.#shell.stdin.write(`${sql}\nSELECT '${mark}';\n`);
    });
  }

  close(): void {
    this.#shell.stdin.end(".quit\n");
  }

  #hear(line: string): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    if (!line.startsWith("done ")) return void first.lines.push(line);
    this.#waiting.shift();
    first.resolve(first.lines);
  }
}

/** A text as SQL writes it. */
export function quote(text: string): string {
  return `'${text.replaceAll("\0", "").replaceAll("'", "''")}'`;
}
