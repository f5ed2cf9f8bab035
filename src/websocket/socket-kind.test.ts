import { expect, it } from "vitest";
import { SocketGround } from "../../test/support/socket-ground.js";
import { SocketKind } from "./socket-kind.js";

it("gives all sockets of a server the same options, and a writer to share; a client's frames are not shared", () => {
  const { kind } = new SocketGround();
  expect(kind.plain).toMatchObject({ role: "server", isDeflateNegotiated: false, messageBytesMax: 100_000 });
  expect(kind.deflating).toEqual({ ...kind.plain, isDeflateNegotiated: true });
  expect(kind.sharedWriter).toBe(kind.surroundings.writer);
  const { limits, surroundings } = kind;
  expect(new SocketKind({ role: "client", limits, surroundings }).sharedWriter).toBeUndefined();
});
