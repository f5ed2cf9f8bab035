import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { root } from "../../scripts/program.mjs";
import { buildPages } from "./page-build.js";
import { runPage } from "./page-run.js";

const target = join(root, "build/docs-of-test");
afterAll(() => {
  rmSync(target, { recursive: true, force: true });
});

/** A page with an HTTP server, then what `after` says. */
const servedPage = (after: string): string => `# Page

\`\`\`ts
// answer.ts
export const answer: string = "It is up";
\`\`\`

<!-- serve -->
\`\`\`ts
import { createServer } from "node:http";
import { answer } from "./answer.js";
createServer((_request, response) => response.end(answer)).listen(8080);
\`\`\`
${after}
`;

const client = `
<!-- run -->
\`\`\`ts
console.log(await (await fetch("http://localhost:8080")).text());
\`\`\`
`;

const [good, wrongGet, wrongExpect, broken, failing] = await buildPages(
  [
    {
      path: "good.md",
      text: servedPage(`<!-- get: http://localhost:8080/ -> is up -->\n${client}\n<!-- expect: It is up -->`),
    },
    { path: "wrong-get.md", text: servedPage("<!-- get: http://localhost:8080/ -> is down -->") },
    { path: "wrong-expect.md", text: servedPage(`${client}\n<!-- expect: It is down -->`) },
    { path: "broken.md", text: "Text.\n\n```ts\nconst a: string = 1;\n```\n" },
    { path: "failing.md", text: `<!-- run -->\n\`\`\`ts\nthrow new Error("on purpose");\n\`\`\`\n` },
  ],
  target,
);

describe("a page", () => {
  it("passes where its code does what it says", async () => {
    expect(good?.errors).toEqual([]);
    await runPage(good?.blocks ?? [], good?.folder ?? "");
  });

  it("fails where a server answers otherwise", async () => {
    await expect(runPage(wrongGet?.blocks ?? [], wrongGet?.folder ?? "")).rejects.toThrow(`expected "is down"`);
  });

  it("fails where a program prints otherwise", async () => {
    await expect(runPage(wrongExpect?.blocks ?? [], wrongExpect?.folder ?? "")).rejects.toThrow("It is up");
  });

  it("fails where code does not compile, and names the page's line", () => {
    expect(broken?.errors).toEqual([expect.stringMatching(/^broken\/block-4\.ts\(4,7\): error TS2322/)]);
    expect(good?.errors).toEqual([]);
  });

  it("fails where a program does", async () => {
    await expect(runPage(failing?.blocks ?? [], failing?.folder ?? "")).rejects.toThrow("on purpose");
  });
});
