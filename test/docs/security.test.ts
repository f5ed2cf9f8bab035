import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../../scripts/program.mjs";
import { auditLimits } from "../../src/auth/audit-trail.js";
import { revocationLimits } from "../../src/auth/revocations.js";
import { checklist } from "../../src/server/checklist.js";

const page = readFileSync(join(root, "docs/security.md"), "utf8");
/** The page as one line, for a sentence may be broken anywhere. */
const sentences = page.replaceAll(/\s+/g, " ");

/** The rows of a section's table, without its head. */
function rowsOf(heading: string): string[][] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("| `"));
  return lines.map((line) => line.slice(2, -2).split(" | "));
}

describe("docs/security.md", () => {
  it("lists what the server warns of, all of it and no more", () => {
    const items = Object.entries(checklist).map(([code, { missing, todo }]) => [`\`${code}\``, missing, todo]);
    expect(rowsOf("The checklist")).toEqual(items);
  });

  it("says the defaults", () => {
    const { eventsPerSecond, recentMax, refusalsPerSecond } = auditLimits;
    expect(sentences).toContain(`the newest ${recentMax.toLocaleString("en")} events of each kind`);
    expect(sentences).toContain(`${refusalsPerSecond} a second each are events of their own`);
    expect(sentences).toContain(`of the other kinds ${eventsPerSecond.toLocaleString("en")} (`);
    expect(sentences).toContain(`At most ${revocationLimits.revocationsMax.toLocaleString("en")} of each`);
    expect(sentences).toContain("They are known for 30 days");
    expect(revocationLimits.revocationKeepMs).toBe(30 * 86_400_000);
  });
});
