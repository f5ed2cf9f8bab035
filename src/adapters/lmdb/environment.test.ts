import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "lmdb";
import { afterEach, beforeEach, expect, it } from "vitest";
import { NodeRandom } from "../node/random.js";
import { Environment } from "./environment.js";
import { jsonRecord } from "./records.js";

let parent: string;
let folder: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "busbar-environment-"));
  folder = join(parent, "data");
});
afterEach(() => rmSync(parent, { recursive: true }));

const opened = (): Promise<Environment> => Environment.open(folder, new NodeRandom());

it("keeps its epoch, what was committed, and the numbers that were given", async () => {
  const first = await opened();
  const [key, value] = [Buffer.from("k"), Buffer.from("v")];
  expect([first.takeNumber(), first.takeNumber()]).toEqual([1, 2]);
  await first.commit(true, [[first.channels, key, value], first.numbersWrite]);
  await first.close();
  const second = await opened();
  expect([second.epoch, second.channels.getBinary(key), second.takeNumber()]).toEqual([first.epoch, value, 3]);
  await second.commit(false, [[second.channels, key]]);
  expect(second.channels.getBinary(key)).toBeUndefined();
  await second.close();
});

it("writes nothing of a commit with a key that is too long, also not with the next one", async () => {
  const environment = await opened();
  const { channels } = environment;
  const [one, two, value] = [Buffer.from("one"), Buffer.from("two"), Buffer.from("v")];
  const tooLong = environment.commit(true, [
    [channels, one, value],
    [channels, Buffer.alloc(1_979, "k"), value],
  ]);
  await expect(tooLong).rejects.toMatchObject({ code: "store/failed" });
  await environment.commit(true, [[channels, two, value]]);
  expect([...channels.getKeys()]).toEqual([two]);
  await environment.close();
});

it("is for one, also within a process", async () => {
  const first = await opened();
  await expect(opened()).rejects.toMatchObject({ code: "store/in-use" });
  await first.close();
  await (await opened()).close();
});

it("has another epoch where its files are a copy", async () => {
  const first = await opened();
  await first.close();
  cpSync(folder, `${folder}.backup`, { recursive: true });
  rmSync(folder, { recursive: true });
  renameSync(`${folder}.backup`, folder);
  const restored = await opened();
  expect(restored.epoch).not.toBe(first.epoch);
  await restored.close();
  const again = await opened();
  expect(again.epoch).toBe(restored.epoch);
  await again.close();
});

it("says so where a folder cannot be one", async () => {
  writeFileSync(folder, "a file");
  await expect(opened()).rejects.toMatchObject({ code: "store/unwritable", message: expect.stringContaining(folder) });
});

it.each([
  [jsonRecord(Buffer.from("busbar"), { format: 0, epoch: "e", identity: "i" }), "store/format"],
  [jsonRecord(Buffer.from("busbar"), { format: 2 }), "store/format"],
  [jsonRecord(Buffer.from("busbar"), ["no format"]), "store/corrupt"],
  [Buffer.from("damaged"), "store/corrupt"],
])("does not open what it cannot read", async (meta, code) => {
  const root = open<Buffer, Buffer>({ path: folder, encoding: "binary", keyEncoding: "binary" });
  await root.put(Buffer.from("busbar"), meta);
  await root.close();
  await expect(opened()).rejects.toMatchObject({ code });
});

it("does not give numbers where it does not know which were given", async () => {
  await (await opened()).close();
  const root = open<Buffer, Buffer>({ path: folder, encoding: "binary", keyEncoding: "binary" });
  await root.put(Buffer.from("busbar numbers"), Buffer.from("damaged"));
  await root.close();
  await expect(opened()).rejects.toMatchObject({ code: "store/corrupt" });
});
