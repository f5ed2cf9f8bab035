import { run } from "../../src/cli/run.js";

/** How a command ended, and what it said. */
export interface Outcome {
  readonly code: number;
  readonly printed: string;
  readonly errors: string;
}

/** Run a command; `input` is what comes in, or what people type one after the other. */
export async function busbar(line: readonly string[], input: string | readonly string[] = ""): Promise<Outcome> {
  const printed: string[] = [];
  const errors: string[] = [];
  const typed = typeof input === "string" ? undefined : [...input];
  const code = await run(line, {
    print: (text) => void printed.push(text),
    printError: (text) => void errors.push(text),
    askSecret: typed && (() => Promise.resolve(typed.shift() ?? "")),
    readAll: () => Promise.resolve(String(input)),
  });
  return { code, printed: printed.join("\n"), errors: errors.join("\n") };
}
