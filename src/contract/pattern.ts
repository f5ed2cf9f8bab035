import { BusbarError } from "../kernel/errors.js";

/** The values of a pattern's `:params` in one channel name. */
export type Params = Readonly<Record<string, string>>;

interface Node<Value> {
  readonly literals: Map<string, Node<Value>>;
  /** The child that takes any segment. */
  wildcard: Node<Value> | undefined;
  end: { readonly pattern: string; readonly names: readonly string[]; readonly value: Value } | undefined;
}

export interface PatternMatch<Value> {
  readonly pattern: string;
  readonly params: Params;
  readonly value: Value;
}

/**
 * Channel patterns such as `chat/:room`, as a tree by segments.
 *
 * Finding takes as long as the name has segments, however many patterns there are; only patterns that overlap
 * (`a/:x/b` and `a/b/:x`) add tries. A literal segment goes before a `:param`.
 */
export class PatternTree<Value> {
  readonly #root: Node<Value> = emptyNode();

  /** @throws BusbarError `contract/invalid-pattern` or `contract/duplicate-pattern`. */
  add(pattern: string, value: Value): void {
    const names: string[] = [];
    let node = this.#root;
    for (const segment of pattern.split("/")) {
      if (segment.startsWith(":")) names.push(segment.slice(1));
      node = childFor(node, segment, pattern);
    }
    if (new Set(names).size < names.length) {
      throw new BusbarError("contract/invalid-pattern", `"${pattern}" names a parameter twice`);
    }
    if (node.end !== undefined) {
      const other = node.end.pattern;
      throw new BusbarError("contract/duplicate-pattern", `"${pattern}" matches the same channels as "${other}"`);
    }
    node.end = { pattern, names, value };
  }

  find(name: string): PatternMatch<Value> | undefined {
    const path: Path = { segments: name.split("/"), values: [] };
    const end = walk(this.#root, path, 0)?.end;
    if (end === undefined) return undefined;
    const params = Object.fromEntries(end.names.map((param, index) => [param, String(path.values[index])]));
    return { pattern: end.pattern, params, value: end.value };
  }
}

function emptyNode<Value>(): Node<Value> {
  return { literals: new Map(), wildcard: undefined, end: undefined };
}

function childFor<Value>(node: Node<Value>, segment: string, pattern: string): Node<Value> {
  if (/^:[A-Za-z][A-Za-z0-9]*$/.test(segment)) return (node.wildcard ??= emptyNode());
  if (!/^[A-Za-z0-9._~-]+$/.test(segment)) {
    throw new BusbarError(
      "contract/invalid-pattern",
      `"${pattern}" has the segment "${segment}"; segments are [A-Za-z0-9._~-] or a :param of letters and digits`,
    );
  }
  const child = node.literals.get(segment) ?? emptyNode();
  node.literals.set(segment, child);
  return child;
}

/** A name on its way through the tree; `values` holds what the wildcards took. */
interface Path {
  readonly segments: readonly string[];
  readonly values: string[];
}

/** The node where the name ends. The tree bounds the depth. */
function walk<Value>(node: Node<Value>, path: Path, depth: number): Node<Value> | undefined {
  const segment = path.segments[depth];
  if (segment === undefined) return node.end === undefined ? undefined : node;
  const literal = node.literals.get(segment);
  const found = literal === undefined ? undefined : walk(literal, path, depth + 1);
  if (found !== undefined || node.wildcard === undefined) return found;
  path.values.push(segment);
  const taken = walk(node.wildcard, path, depth + 1);
  if (taken === undefined) path.values.pop();
  return taken;
}
