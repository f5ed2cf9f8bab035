import { expect, it } from "vitest";
import { SeededRandom } from "../testing/seeded-random.js";
import { identityOf } from "./identity.js";

const client = "mYzR1x0P4bqJ2l9uWc7e3A";

it("is the same for a client on all of its connections, whatever the randomness", () => {
  const identity = identityOf(client, "ada", new SeededRandom(1));
  expect(identityOf(client, "ada", new SeededRandom(2))).toEqual(identity);
  expect(identityOf(`${client}x`, "ada", new SeededRandom(1))).not.toEqual(identity);
});

it("has nothing in common with that of another principal who calls itself the same", () => {
  const [ada, bob] = ["ada", "bob"].map((principal) => identityOf(client, principal, new SeededRandom(1)));
  expect(new Set([...Object.values(ada ?? {}), ...Object.values(bob ?? {})]).size).toBe(6);
});

it("tells nothing about the client's own name, and the names nothing about one another", () => {
  const names = Object.values(identityOf(client, "ada", new SeededRandom(1)));
  expect(names.map((name) => String(name).length)).toEqual([32, 16, 32]);
  expect(new Set(names.map((name) => String(name).slice(0, 16))).size).toBe(3);
  for (const name of names) expect(name).toMatch(/^[0-9a-f]+$/);
});

it("is random, and no producer's, for a client that does not say which one it is", () => {
  const random = new SeededRandom(1);
  const [one, other] = [identityOf(undefined, "ada", random), identityOf(undefined, "ada", random)];
  expect([one.producer, one.session === other.session, one.member === other.member]).toEqual([undefined, false, false]);
});
