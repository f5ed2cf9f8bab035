import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The repository's root folder, with a separator at its end. */
export const root = fileURLToPath(new URL("../", import.meta.url));

/** @param {string} name a program of a development dependency */
export const tool = (name) => `${root}node_modules/.bin/${name}`;

/**
 * Run a program to its end and collect what it prints on both channels, in the order in which it comes.
 *
 * @param {string} program
 * @param {readonly string[]} parameters
 * @param {{ readonly folder?: string; readonly environment?: Readonly<Record<string, string>> }} [options] `folder`
 *   defaults to the repository's root; `environment` is added to this process's own
 * @returns {Promise<{ readonly code: number; readonly output: string; readonly stdout: string }>} `code` is -1 for a
 *   program that a signal ended or that could not be started
 */
export function run(program, parameters, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, parameters, {
      cwd: options.folder ?? root,
      env: { ...process.env, ...options.environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
      output += text;
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
      output += text;
    });
    child.on("error", (error) => resolve({ code: -1, output: `${output}${error.message}\n`, stdout }));
    child.on("close", (code) => resolve({ code: code ?? -1, output, stdout }));
  });
}
