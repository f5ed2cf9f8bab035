import { expect, it } from "vitest";
import type { ServerSocket } from "../engine/socket-host.js";
import { PreparedMessage } from "../websocket/prepared-message.js";
import { SocketLink } from "./socket-link.js";

function linkOn(socket: Partial<ServerSocket>): { link: SocketLink; failures: unknown[] } {
  const failures: unknown[] = [];
  return { link: new SocketLink(socket as ServerSocket, (error) => void failures.push(error)), failures };
}

it("a link offers messages to its socket, and says how much waits", () => {
  const offered: PreparedMessage[] = [];
  const { link } = linkOn({ bufferedBytes: 7, offer: (message) => offered.push(message) < 2 });
  const message = new PreparedMessage("x");
  expect([link.send(message), link.send(message), link.bufferedBytes]).toEqual([true, false, 7]);
  expect(offered).toEqual([message, message]);
});

it("a link closes its socket with code and reason, and tells when that fails", async () => {
  const closed: unknown[] = [];
  const defect = new Error("a reason that is too long");
  const { link, failures } = linkOn({
    close: (code, reason) => {
      closed.push(code, reason);
      return Promise.reject(defect);
    },
  });
  link.close(4001, "no hello in time");
  await new Promise((resolve) => setImmediate(resolve));
  expect(closed).toEqual([4001, "no hello in time"]);
  expect(failures).toEqual([defect]);
});
