import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../../scripts/program.mjs";
import { clientErrors } from "../../src/client/errors.js";
import { frameRules, handshakeRules } from "../../src/protocol/errors.js";
import { errorMeanings } from "../../src/wire/error-meanings.js";
import { isRetryable } from "../../src/wire/errors.js";

/** The rows of a section's table, without its head; a cell is its text. */
function rowsOf(heading: string): string[][] {
  const page = readFileSync(join(root, "docs/errors.md"), "utf8");
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("| `"));
  return lines.map((line) =>
    line
      .slice(2, -2)
      .split(" | ")
      .map((cell, index) => (index === 0 ? cell.replaceAll("`", "") : cell)),
  );
}

const yesOrNo = (isTrue: boolean): string => (isTrue ? "yes" : "no");

describe("docs/errors.md", () => {
  it("lists the rules of frames, in their order", () => {
    const rules = Object.entries(frameRules).map(([code, { by, closeCode, message, section }]) => [
      code,
      message,
      by === "local" ? "thrown" : String(closeCode),
      section,
    ]);
    expect(rowsOf("Frames, messages and the close handshake")).toEqual(rules);
  });

  it("lists the rules of the opening handshake, in their order", () => {
    const rules = Object.entries(handshakeRules).map(([code, { by, status, message, section }]) => [
      code,
      message,
      by === "local" ? "thrown" : code.startsWith("handshake/response-") ? "client" : String(status),
      section,
    ]);
    expect(rowsOf("The opening handshake")).toEqual(rules);
  });

  it("lists what travels on the wire, in its order", () => {
    const errors = Object.entries(errorMeanings).map(([code, meaning]) => [code, meaning, yesOrNo(isRetryable(code))]);
    expect(rowsOf("On the wire")).toEqual(errors);
  });

  it("lists what begins in the client, in its order", () => {
    const errors = Object.entries(clientErrors).map(([code, kind]) => [code, kind.message, yesOrNo(kind.retryable)]);
    expect(rowsOf("In the client")).toEqual(errors);
  });

  it("lists every other code that the sources make an error with, and no more", () => {
    const made = new Map(
      errorsMade().flatMap(({ code, retryable }) => (code === undefined ? [] : [[code, retryable]])),
    );
    const documented = rowsOf("Everywhere else").map(([code, , retryable]) => [code, retryable]);
    expect(new Map(documented.map(([code, retryable]) => [code, retryable]))).toEqual(made);
    expect(documented).toHaveLength(made.size);
  });

  it("misses no error whose code is made up elsewhere: the base and the catalogues alone do that", () => {
    const paths = errorsMade().flatMap(({ code, path }) => (code === undefined ? [path] : []));
    const catalogues = [
      "client/errors.ts",
      "kernel/errors.ts",
      "protocol/errors.ts",
      "protocol/errors.ts",
      "wire/errors.ts",
    ];
    expect(paths.toSorted()).toEqual(catalogues);
  });
});

interface ErrorMade {
  readonly path: string;
  /** Undefined where it is no literal. */
  readonly code: string | undefined;
  readonly retryable: string;
}

/** Every place in the sources where a `BusbarError` is made, by itself or by a class derived from it. */
function errorsMade(): ErrorMade[] {
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter(
    (path) => path.endsWith(".ts") && !path.endsWith(".test.ts"),
  );
  return sources.flatMap((path) => {
    const text = readFileSync(join(root, "src", path), "utf8");
    const makers = / extends \w*Error \{/.test(text) ? /\b(?:new BusbarError|super)\(/g : /\bnew BusbarError\(/g;
    return Array.from(text.matchAll(makers), ({ index, 0: maker }) => {
      const call = text.slice(index + maker.length, text.indexOf(";", index));
      const code = /^\s*"([^"]+)"/.exec(call)?.[1];
      return { path: path.replaceAll("\\", "/"), code, retryable: yesOrNo(call.includes("retryable: true")) };
    });
  });
}
