import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, it } from "vitest";

const GZIPPED_BYTES_MAX = 12 * 1024;

it("a page loads less than 12 KiB for the whole client", async () => {
  const { outputFiles, metafile } = await build({
    entryPoints: ["src/entry/client-browser.ts"],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2023",
    write: false,
    metafile: true,
  });
  const [bundle] = outputFiles;
  const gzippedBytes = gzipSync(bundle?.contents ?? "", { level: 9 }).length;
  console.log(`the client: ${bundle?.contents.length ?? 0} bytes minified, ${gzippedBytes} gzipped`);
  expect(gzippedBytes).toBeGreaterThan(1024);
  expect(gzippedBytes).toBeLessThan(GZIPPED_BYTES_MAX);
  expect(Object.keys(metafile.inputs).filter((path) => path.includes("node"))).toEqual([]);
});
