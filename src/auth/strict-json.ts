import { isJsonObject, type JsonObject } from "../wire/json.js";

/** Every string and every mark of a JSON text. */
const pieces = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/**
 * The object that a JSON text is; undefined where it is none, where a member comes twice, of which readers would choose
 * different ones (RFC 7515, 4), and where a member is called `__proto__`.
 */
export function parseStrictObject(text: string): JsonObject | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isJsonObject(value) && hasPlainNames(text) ? value : undefined;
}

/** Whether no object of a well-formed JSON text has a name twice, or `__proto__`. */
function hasPlainNames(text: string): boolean {
  /** The names of each object around this place; undefined for an array. */
  const around: (Set<string> | undefined)[] = [];
  let isName = false;
  for (const [piece] of text.matchAll(pieces)) {
    if (piece === "{" || piece === "[") around.push(piece === "{" ? new Set() : undefined);
    else if (piece === "}" || piece === "]") around.pop();
    else if (piece.startsWith('"') && isName) {
      const names = around.at(-1);
      const name = String(JSON.parse(piece));
      if (name === "__proto__" || names?.has(name) === true) return false;
      names?.add(name);
    }
    isName = piece === "{" || (piece === "," && around.at(-1) !== undefined);
  }
  return true;
}
