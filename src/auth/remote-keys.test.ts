import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { deferred } from "../kernel/deferred.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import type { WantedKey } from "./key-source.js";
import { keySetLimits, RemoteKeys } from "./remote-keys.js";
import type { DocumentRequest, SignatureCheck } from "./token-ports.js";

const { fetchIntervalMs, keepMs, refreshMs, unknownKidMs } = keySetLimits;

describe("published keys", () => {
  let clock: VirtualClock;
  /** What is published now; undefined: nobody answers. */
  let published: readonly string[] | undefined;
  let fetches: DocumentRequest[];
  let gate: Promise<void> | undefined;
  let keys: RemoteKeys;

  const keysWith = (limits: Partial<typeof keySetLimits> = {}): RemoteKeys =>
    new RemoteKeys({
      url: "https://id.example/jwks",
      ca: "ca",
      algs: ["ES256"],
      limits: { ...keySetLimits, ...limits },
      clock,
      checks: {
        withSecret: () => () => Promise.resolve(false),
        withPublicKey: () => () => Promise.resolve(true),
      },
      documents: {
        fetch: async (request) => {
          fetches.push(request);
          await gate;
          if (published === undefined) throw new Error("nobody answers");
          return JSON.stringify({ keys: published.map((kid) => ({ kty: "EC", kid })) });
        },
      },
    });

  beforeEach(() => {
    clock = new VirtualClock();
    published = ["a", "b"];
    fetches = [];
    gate = undefined;
    keys = keysWith();
  });

  const wanted = (kid: string | undefined): WantedKey => ({ alg: "ES256", kid });
  const find = (kid: string | undefined): Promise<SignatureCheck | undefined> => keys.find(wanted(kid));
  const has = async (kid: string | undefined): Promise<boolean> => (await find(kid)) !== undefined;
  const noAnswer = expect.objectContaining({ code: "auth/no-answer", retryable: true });

  it("are fetched when the first token asks, with the limits, and not again", async () => {
    expect(keys.takes("ES256") && !keys.takes("HS256")).toBe(true);
    expect(fetches).toEqual([]);
    expect(await has("a")).toBe(true);
    clock.advance(refreshMs - 1);
    expect(await has("b")).toBe(true);
    const { bytesMax, timeoutMs } = keySetLimits;
    expect(fetches).toEqual([{ url: "https://id.example/jwks", ca: "ca", bytesMax, timeoutMs }]);
  });

  it("are fetched once for all tokens that come meanwhile", async () => {
    const { promise, resolve } = deferred<void>();
    gate = promise;
    const all = Promise.all(Array.from({ length: 100 }, (_, index) => has(["a", "b", "x"][index % 3])));
    resolve();
    expect((await all).filter(Boolean)).toHaveLength(67);
    expect(fetches).toHaveLength(1);
  });

  it("are fetched anew for a name that is not among them, not sooner than the interval", async () => {
    expect(await has("a")).toBe(true);
    published = ["c"];
    expect(await has("c")).toBe(false);
    expect(fetches).toHaveLength(1);
    clock.advance(fetchIntervalMs);
    // This name was unknown a moment ago: another one has them fetched.
    expect(await has("c")).toBe(false);
    expect(await has("d")).toBe(false);
    expect(fetches).toHaveLength(2);
    expect(await has("c")).toBe(true);
    expect(await has("a")).toBe(false);
  });

  it("are not fetched for a name again that was unknown a while ago", async () => {
    expect(await has("x")).toBe(false);
    for (let at = 0; at < unknownKidMs; at += fetchIntervalMs) {
      expect(await has("x")).toBe(false);
      clock.advance(fetchIntervalMs);
    }
    expect(fetches).toHaveLength(1);
    published = ["x"];
    expect(await has("x")).toBe(true);
    expect(fetches).toHaveLength(2);
  });

  it("are fetched once in each interval however many names are made up, and remember few of them", async () => {
    keys = keysWith({ unknownKidsMax: 2 });
    for (let count = 0; count < 500; count++) {
      expect(await has(`made-up-${count}`)).toBe(false);
      clock.advance(fetchIntervalMs / 100);
    }
    expect(fetches).toHaveLength(5);
    expect(await has("again")).toBe(false);
    expect(await has("again")).toBe(false);
  });

  it("that are old are used while new ones are fetched, and what is gone is gone then", async () => {
    expect(await has("a")).toBe(true);
    clock.advance(refreshMs);
    published = ["b"];
    const { promise, resolve } = deferred<void>();
    gate = promise;
    expect(await has("a")).toBe(true);
    expect(fetches).toHaveLength(2);
    resolve();
    await clock.settle();
    expect(await has("a")).toBe(false);
    expect(await has("b")).toBe(true);
  });

  it("that cannot be fetched anew are used until they are too old", async () => {
    expect(await has("a")).toBe(true);
    published = undefined;
    clock.advance(keepMs - 1);
    expect(await has("a")).toBe(true);
    await clock.settle();
    clock.advance(1);
    await expect(find("a")).rejects.toThrow(noAnswer);
    published = ["a"];
    clock.advance(fetchIntervalMs);
    expect(await has("a")).toBe(true);
  });

  it("that cannot be fetched are no answer, and are not asked for more often than the interval allows", async () => {
    published = undefined;
    await expect(find("a")).rejects.toThrow(noAnswer);
    await expect(find("a")).rejects.toMatchObject({ cause: expect.objectContaining({ message: "nobody answers" }) });
    expect(fetches).toHaveLength(1);
    clock.advance(fetchIntervalMs);
    published = ["a"];
    expect(await has("a")).toBe(true);
    expect(fetches).toHaveLength(2);
  });

  it("mean the only one where a token names none", async () => {
    expect(await has(undefined)).toBe(false);
    published = ["a"];
    clock.advance(refreshMs);
    expect(await has(undefined)).toBe(true);
  });

  it("of the same name are none", async () => {
    published = ["a", "a"];
    expect(await has("a")).toBe(false);
  });

  it("leave no timers", async () => {
    await find("a");
    expect(clock.timerCount).toBe(0);
  });
});

it("the limits of published keys are those of the documentation", () => {
  const page = readFileSync("docs/authentication.md", "utf8");
  const rows = Array.from(
    page.matchAll(/^\| `(\w+)` \| ([\d,]+) \|/gm),
    ([, name, value]) => [String(name), value] as const,
  );
  const limits = Object.entries(keySetLimits).map(
    ([name, value]) => [name, Number(value).toLocaleString("en")] as const,
  );
  expect(rows).toHaveLength(limits.length);
  expect(new Map(rows)).toEqual(new Map(limits));
});
