/** The Python client in a process of its own, and what it says. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const driver = fileURLToPath(new URL("driver.py", import.meta.url));

/** A line of the driver. */
export interface Happening {
  readonly kind: "message" | "gap" | "ended" | "receipt" | "refused" | "log";
  readonly channel?: string;
  readonly data?: unknown;
  readonly position?: { readonly epoch: string; readonly offset: number };
  readonly lost?: readonly [from: number, to: number] | null;
  readonly sender?: string;
  readonly stage?: string;
  readonly error?: string;
  readonly text?: string;
}

export type Request =
  | { readonly do: "read"; readonly channel: string; readonly from: unknown; readonly pause_s?: number }
  | { readonly do: "publish"; readonly channel: string; readonly data: unknown };

export class PythonProgram {
  readonly happenings: Happening[] = [];
  readonly #child: ChildProcess;
  #wake: () => void = () => {};

  constructor(python: string, url: string, [username, password]: readonly [string, string]) {
    const child = spawn(python, [driver, url, username, password], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.happenings.push(JSON.parse(line));
      this.#wake();
    });
    child.once("exit", () => this.#wake());
  }

  ask(request: Request): void {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
  }

  /** What has happened of this kind. */
  all(kind: Happening["kind"]): readonly Happening[] {
    return this.happenings.filter((happening) => happening.kind === kind);
  }

  /** Resolves when so much has happened of this kind. */
  async have(count: number, kind: Happening["kind"]): Promise<readonly Happening[]> {
    for (;;) {
      const found = this.all(kind);
      if (found.length >= count) return found;
      if (this.#child.exitCode !== null) throw new Error(`it has ended: ${JSON.stringify(this.happenings)}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Let it end by itself. */
  async stop(): Promise<void> {
    this.#child.stdin?.end();
    if (this.#child.exitCode === null) await once(this.#child, "exit");
  }
}
