import { describe, expect, it } from "vitest";
import { codeBlocks, portsOf, withPorts } from "./code-block.js";

const page = `# Title
<!-- a comment on the page -->

Text.

<!-- given: declare const users: string[];
declare const more: string[]; -->
<!-- serve -->

\`\`\`ts
// server.ts
serve(users);
\`\`\`

<!-- talk: ws://localhost:8765 hello -> reply: hello -->
<!-- get: http://localhost:8765/ -> Up -->

\`\`\`sh
npm start
\`\`\`

<!-- run -->
\`\`\`js
console.log(1);
\`\`\`
<!-- expect: 1 -->
`;

describe("the code blocks of a page", () => {
  it("are read with their lines, names, hidden code and checks", () => {
    expect(codeBlocks(page)).toEqual([
      {
        line: 11,
        file: "server.ts",
        text: "// server.ts\nserve(users);",
        given: "declare const users: string[];\ndeclare const more: string[];",
        mode: "serve",
        checks: [
          { kind: "talk", url: "ws://localhost:8765", message: "hello", answer: "reply: hello" },
          { kind: "get", url: "http://localhost:8765/", answer: "Up" },
        ],
      },
      {
        line: 24,
        file: "block-24.js",
        text: "console.log(1);",
        given: "",
        mode: "run",
        checks: [{ kind: "expect", text: "1" }],
      },
    ]);
  });

  it.each([
    ["<!-- sevre -->\n```ts\n```", "sevre"],
    ["<!-- expect: 1 -->", "follows no block"],
    ["```ts\nconst a = 1;", "no ``` follows"],
    ["```ts\n```\n<!-- talk: ws://localhost:1 -->", "has no"],
  ])("are refused where %j is wrong", (text, message) => {
    expect(() => codeBlocks(text)).toThrow(message);
  });
});

describe("ports", () => {
  const text = "serve({ port: 8765 }); app.listen(3000); fetch('http://localhost:8080'); const year = 2026;";

  it("are found where code names them", () => {
    expect(portsOf(text)).toEqual(new Set(["8765", "3000", "8080"]));
  });

  it("are replaced everywhere alike", () => {
    const others = new Map([
      ["8765", "1"],
      ["8080", "2"],
    ]);
    expect(withPorts(text, others)).toBe(
      "serve({ port: 1 }); app.listen(3000); fetch('http://localhost:2'); const year = 2026;",
    );
  });
});
