/** Serves the chat's page, its compiled code, and busbar's client as the ES modules that it is. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { HttpHandler } from "busbar/server";
import sirv from "sirv";

/** Where the repository is, seen from `build/examples/chat/`. */
const root = new URL("../../../", import.meta.url);
const path = (place: string): string => decodeURIComponent(new URL(place, root).pathname);

/** Files are looked up for each request, so that an edit is there after a reload. */
const options = { dev: true };
const page = sirv(path("examples/chat/page"), options);
const code = sirv(path("build/examples/chat/page"), options);
const library = sirv(path("dist"), options);

const LIBRARY_PREFIX = "/busbar";

/** Answers every request for the page and its parts. */
export const site: HttpHandler = (request, response) => {
  for (const [name, value] of headers) response.setHeader(name, value);
  const notFound = (): void => {
    response.writeHead(404, { "Content-Type": "text/plain; charset=utf-8" });
    response.end("There is no such page.\n");
  };
  if (request.url?.startsWith(`${LIBRARY_PREFIX}/`) === true) {
    request.url = request.url.slice(LIBRARY_PREFIX.length);
    library(request, response, notFound);
  } else page(request, response, () => code(request, response, notFound));
};

const headers: readonly (readonly [string, string])[] = [
  ["Content-Security-Policy", contentSecurityPolicy()],
  ["X-Content-Type-Options", "nosniff"],
  ["Referrer-Policy", "no-referrer"],
];

/** Nothing but our own files; the import map is the one script that stands in the page itself. */
function contentSecurityPolicy(): string {
  const html = readFileSync(path("examples/chat/page/index.html"), "utf8");
  const importMap = /<script type="importmap">([^<]*)<\/script>/.exec(html)?.[1] ?? "";
  const hash = createHash("sha256").update(importMap).digest("base64");
  return [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash}'`,
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}
