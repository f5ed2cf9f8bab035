/** Rules on the repository that no linter knows: each takes all files and tells what breaks it. */
import { transformSync } from "esbuild";
import { wholeCoverageFolders } from "../../floors.mjs";
import type { RepositoryFile } from "./repository-files.js";

export interface Finding {
  readonly path: string;
  readonly message: string;
}

type Rule = (files: readonly RepositoryFile[]) => readonly Finding[];

const isTest = (path: string): boolean => path.endsWith(".test.ts");
const isSource = (path: string): boolean => /^src\/.*\.ts$/.test(path) && !isTest(path);
const testOf = (path: string): string => path.replace(/\.ts$/, ".test.ts");

/** A finding for each line of `files` that `pattern` matches. */
function lines(files: readonly RepositoryFile[], pattern: RegExp, message: string): readonly Finding[] {
  return files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) => (pattern.test(line) ? [{ path: `${path}:${index + 1}`, message }] : [])),
  );
}

/** Whether anything of the file is left at run time, besides imports and re-exports. */
function holdsCode(text: string): boolean {
  const { code } = transformSync(text, { loader: "ts", legalComments: "none" });
  return code.replaceAll(/^import\b[^;]*;|^export\s*\{[^}]*\}[^;]*;|^export\s*\*[^;]*;/gm, "").trim() !== "";
}

const unitTestBesideSource: Rule = (files) => {
  const paths = new Set(files.map(({ path }) => path));
  return files
    .filter(({ path, text }) => isSource(path) && !paths.has(testOf(path)) && holdsCode(text))
    .map(({ path }) => ({ path, message: `holds code, and ${testOf(path)} is missing` }));
};

const sourceBesideUnitTest: Rule = (files) => {
  const tested = new Set(files.map(({ path }) => testOf(path)));
  return files
    .filter(({ path }) => path.startsWith("src/") && isTest(path) && !tested.has(path))
    .map(({ path }) => ({ path, message: "tests no source of its name; what spans several stands in test/" }));
};

/** Names that say nothing of what a file holds. */
const emptyNames = /(?:^|[/.-])(?:utils?|helpers?|common|managers?|misc)(?=[/.-]|$)/;

const tellingNames: Rule = (files) =>
  files
    .filter(({ path }) => emptyNames.test(path))
    .map(({ path }) => ({ path, message: "the name does not say what the file holds" }));

const isProse = (path: string): boolean => !/\.(?:ts|mjs)$/.test(path);

/** In code the linter looks for these; here, everywhere else. */
const noLeftovers: Rule = (files) =>
  lines(
    files.filter(({ path }) => isProse(path)),
    /\b(?:TODO|FIXME|XXX)\b/,
    "is left over: do it, or write an issue",
  );

/** The compiler's own, `@ts-expect-error`, is the linter's business. */
const suppression = /(?:oxlint|eslint)-disable|(?:v8|c8|istanbul) ignore/;

const suppressionsWithReason: Rule = (files) =>
  lines(
    files.filter(({ path }) => !isProse(path) && !path.startsWith("test/tidiness/")),
    new RegExp(`(?:${suppression.source})(?!.* -- \\S)`),
    "suppresses a rule without ` -- ` and a reason",
  );

const uncoveredLine = /\b(?:v8|c8|istanbul) ignore\b/;

const wholeCoverage: Rule = (files) =>
  lines(
    files.filter(({ path }) => wholeCoverageFolders.some((folder) => path.startsWith(`src/${folder}/`))),
    uncoveredLine,
    "is taken out of the coverage, which is whole here",
  );

/** A test that waits for time to pass is slow, and wrong on a slower machine. */
const noSleep: Rule = (files) =>
  lines(
    files.filter(({ path }) => isTest(path) && !path.startsWith("test/tidiness/")),
    /timers\/promises|\bsetTimeout\(\s*(?:r|resolve|done)\b/,
    "sleeps: advance a clock, or await an event",
  );

/** What is true on one person's machine only, and the registry that this person uses. */
const noPrivatePlace: Rule = (files) =>
  lines(
    files.filter(({ path }) => !path.startsWith("test/tidiness/")),
    /(?:^|[\s"'`(=])\/(?:home|root|Users|work|mnt)\/\w|"resolved": "http|\bregistry\.(?!npmjs\.org)[\w-]+\.\w/,
    "names a place that others do not have",
  );

const exactVersions: Rule = (files) =>
  files
    .filter(({ path }) => path === "package.json")
    .flatMap(({ path, text }) => {
      const { dependencies = {}, devDependencies = {} }: Partial<Record<string, Readonly<Record<string, string>>>> =
        JSON.parse(text);
      return Object.entries({ ...dependencies, ...devDependencies })
        .filter(([, version]) => !/^\d/.test(version))
        .map(([name]) => ({ path, message: `does not pin ${name} to one version` }));
    });

interface LockedPackage {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** `npm ci` fails on a lock file that leaves a package of another platform out; npm writes one where it knows none. */
const wholeLockFile: Rule = (files) =>
  files
    .filter(({ path }) => path === "package-lock.json")
    .flatMap(({ path, text }) => {
      const { packages }: { packages: Readonly<Record<string, LockedPackage>> } = JSON.parse(text);
      const locked = new Set(Object.keys(packages).map((place) => place.replace(/^.*node_modules\//, "")));
      return Object.values(packages)
        .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
        .filter((name) => !locked.has(name) && !isPublishedInPart(name))
        .map((name) => ({ path, message: `does not lock ${name}` }));
    });

/** These are not published for every platform in the version that is asked for; lmdb does without them. */
function isPublishedInPart(name: string): boolean {
  return name.startsWith("@msgpackr-extract/");
}

/** The anchors that a Markdown file's headings have on GitHub. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

const withoutCode = (text: string): string => text.replaceAll(/^```[^]*?^```/gm, "").replaceAll(/`[^`\n]*`/g, "");

/** Make the rule that links in Markdown files lead somewhere; `exists` says whether a path of the repository does. */
export function linksLeadSomewhere(exists: (path: string) => boolean): Rule {
  return (files) => {
    const pages = new Map(files.filter(({ path }) => path.endsWith(".md")).map(({ path, text }) => [path, text]));
    return [...pages].flatMap(([path, text]) =>
      [...withoutCode(text).matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(([, target = "", anchor]) => {
        const place = target === "" ? path : new URL(target, `file:///${path}`).pathname.slice(1);
        const page = pages.get(place);
        const isDead = anchor === undefined || page === undefined ? !exists(place) : !anchorsOf(page).has(anchor);
        return isDead
          ? [{ path, message: `links to ${target}${anchor === undefined ? "" : `#${anchor}`}, which is not there` }]
          : [];
      }),
    );
  };
}

/** All rules that need nothing but the files, by name. */
export const rules = {
  "unit-test-beside-source": unitTestBesideSource,
  "source-beside-unit-test": sourceBesideUnitTest,
  "telling-names": tellingNames,
  "no-leftovers": noLeftovers,
  "suppressions-with-reason": suppressionsWithReason,
  "whole-coverage": wholeCoverage,
  "no-sleep": noSleep,
  "no-private-place": noPrivatePlace,
  "exact-versions": exactVersions,
  "whole-lock-file": wholeLockFile,
} as const satisfies Readonly<Record<string, Rule>>;

export type RuleName = keyof typeof rules;
