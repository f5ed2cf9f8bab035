/** Reads the code blocks of a Markdown page, with the HTML comments around them that say how each is tested. */

/** What a page says of the code block before it. */
export type Check =
  | { readonly kind: "expect"; readonly text: string }
  | { readonly kind: "talk"; readonly url: string; readonly message: string; readonly answer: string }
  | { readonly kind: "get"; readonly url: string; readonly answer: string };

export interface CodeBlock {
  /** The line of the page that its first line of code is on, counted from 1. */
  readonly line: number;
  /** The file it is written to, which other blocks can import: its first line can say `// name.ts`. */
  readonly file: string;
  readonly text: string;
  /** Code that readers need not see, put in front of the block. */
  readonly given: string;
  /** Only compiled; run to its end; or run as a server for as long as the page is tested. */
  readonly mode: "compile" | "run" | "serve";
  readonly checks: readonly Check[];
}

interface Directive {
  readonly name: string;
  readonly value: string;
}

const fence = /^```(ts|js)$/;
const namedFile = /^\/\/ ([\w-]+\.[tj]s)\n/;
const arrow = /^(?<url>\S+) (?:(?<message>.+?) )?-> (?<answer>.+)$/s;

/** @throws Error, naming the line, for a comment next to a block that is no directive, or a block without an end */
export function codeBlocks(page: string): readonly CodeBlock[] {
  const lines = page.split("\n");
  const blocks: (CodeBlock & { checks: Check[] })[] = [];
  let before: Directive[] = [];
  let last: { checks: Check[] } | undefined;
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    if (line.startsWith("<!--")) {
      const end = endOf(lines, index, "-->");
      const directive = readDirective(lines.slice(index, end + 1).join("\n"));
      const check = readCheck(directive);
      if (check === undefined) before.push(directive);
      else if (last === undefined) throw new Error(`line ${index + 1}: "${directive.name}" follows no block`);
      else last.checks.push(check);
      index = end;
    } else if (line.startsWith("```")) {
      const end = endOf(lines, index + 1, "```");
      const language = fence.exec(line)?.[1];
      last = undefined;
      if (language !== undefined) {
        const text = lines.slice(index + 1, end).join("\n");
        const file = namedFile.exec(text)?.[1] ?? `block-${index + 2}.${language}`;
        const block = { ...settings(before), file, line: index + 2, text, checks: [] };
        blocks.push(block);
        last = block;
      }
      before = [];
      index = end;
    } else if (line !== "") {
      before = [];
      last = undefined;
    }
  }
  return blocks;
}

function endOf(lines: readonly string[], start: number, mark: string): number {
  const length = lines.slice(start).findIndex((line) => line.trimEnd().endsWith(mark));
  if (length < 0) throw new Error(`line ${start}: no ${mark} follows`);
  return start + length;
}

function readDirective(comment: string): Directive {
  const inside = comment
    .replace(/^<!--/, "")
    .replace(/-->\s*$/, "")
    .trim();
  const [, name = inside, value = ""] = /^([a-z]+):?(?:\s+([^]*))?$/.exec(inside) ?? [];
  return { name, value };
}

function readCheck({ name, value }: Directive): Check | undefined {
  if (name === "expect") return { kind: "expect", text: value };
  if (name !== "talk" && name !== "get") return undefined;
  const { url, message, answer } = arrow.exec(value)?.groups ?? {};
  if (url === undefined || answer === undefined) throw new Error(`"${name}: ${value}" has no "url … -> answer"`);
  return name === "get" ? { kind: "get", url, answer } : { kind: "talk", url, message: message ?? "", answer };
}

function settings(directives: readonly Directive[]): Pick<CodeBlock, "given" | "mode"> {
  let given = "";
  let mode: CodeBlock["mode"] = "compile";
  for (const { name, value } of directives) {
    if (name === "given") given = value;
    else if (name === "run" || name === "serve") mode = name;
    else throw new Error(`"${name}" says nothing of the block after it`);
  }
  return { given, mode };
}

const port = /(?<=\bport: |\blisten\(|(?:localhost|127\.0\.0\.1|\[::1\]):)\d{4,5}\b/g;

/** The port numbers that a page's code and checks name. */
export function portsOf(page: string): ReadonlySet<string> {
  return new Set([...page.matchAll(port)].map(([number]) => number));
}

/** The page with other ports, so that it can be run beside whatever uses its own. */
export function withPorts(page: string, others: ReadonlyMap<string, string>): string {
  return page.replaceAll(port, (number) => others.get(number) ?? number);
}
