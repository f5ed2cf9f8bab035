import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { root } from "../../scripts/program.mjs";

/** A folder outside of the repository that a tool takes for one: with its real configuration, and planted files. */
export interface PlantingGround {
  readonly folder: string;
  plant(path: string, text: string): void;
  clear(): void;
}

/** @param configuration the repository's files that the tool reads, copied as they are */
export function plantingGround(configuration: readonly string[]): PlantingGround {
  const folder = mkdtempSync(join(tmpdir(), "busbar-planted-"));
  for (const path of configuration) cpSync(join(root, path), join(folder, path));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return {
    folder,
    plant(path, text) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    },
    clear() {
      rmSync(folder, { recursive: true });
    },
  };
}
