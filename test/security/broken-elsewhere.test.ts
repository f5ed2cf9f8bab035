/** Where others were broken, in frames and handshakes: tried on a running server while somebody else uses it. */
import { describe, expect, it } from "vitest";
import { connect } from "busbar/websocket";
import { BINARY, CLOSE, CONTINUATION, encodeFrame, PING, TEXT } from "../conformance/frames.js";
import { answersIn, DEFLATE, deflatedZeros, flood, header, MEBIBYTE, sendCompressed, textFrame } from "./attacks.js";
import { busRequest, describeTwice } from "./bus-target.js";

describeTwice("a server, attacked in frames and handshakes", (target) => {
  describe("fragments", () => {
    it.each(["", "x"])("a million continuations of %j end at the limit (ws CVE-2026-48779)", async (payload) => {
      const continuation = encodeFrame({ opcode: CONTINUATION, payload, isFinal: false }, "client");
      const chunk = Buffer.concat(Array.from({ length: 10_000 }, () => continuation));
      await target().attacked(`continuations of ${JSON.stringify(payload)}`, async () => {
        const peer = await target().upgraded();
        peer.send({ opcode: TEXT, payload, isFinal: false });
        const flooding = flood(peer, chunk, 100);
        expect(await peer.closeFrame()).toEqual({ code: 1008, reason: "message/too-many-fragments" });
        await flooding;
        await peer.closed;
      });
    });
  });

  describe("compressed messages", () => {
    const gibibyte = deflatedZeros(1024);
    /** As much as can come before it is too long as it is. */
    const small = deflatedZeros(60);

    it.each([1, 100, 1000])(
      "of 1 GiB of zeros in %d frames are stopped at the limit (undici CVE-2026-1526, websockets CVE-2018-1000518)",
      async (count) => {
        await target().attacked(`1 GiB in ${count} frames`, async () => {
          const peer = await target().upgraded(DEFLATE);
          sendCompressed(peer, gibibyte, count);
          expect(await peer.closeFrame()).toEqual({ code: 1009, reason: "message/too-large" });
        });
      },
    );

    it("of 60 MiB of zeros in 60 KiB, from 50 clients at once, are stopped while they are inflated", async () => {
      await target().attacked("60 MiB in 60 KiB, 50 times", async () => {
        const peers = await Promise.all(Array.from({ length: 50 }, () => target().upgraded(DEFLATE)));
        for (const [index, peer] of peers.entries()) sendCompressed(peer, small, index + 1);
        const closed = await Promise.all(peers.map((peer) => peer.closeFrame()));
        expect(new Set(closed.map(({ reason }) => reason))).toEqual(new Set(["message/too-large"]));
      });
    });
  });

  describe("lengths", () => {
    it.each([
      [2n ** 16n + 1n, 1009],
      [2n ** 31n - 1n, 1009],
      [2n ** 31n, 1009],
      [2n ** 31n + 1n, 1009],
      [2n ** 32n - 1n, 1009],
      [2n ** 32n, 1009],
      [2n ** 32n + 1n, 1009],
      [2n ** 53n - 1n, 1009],
      [2n ** 53n, 1009],
      [2n ** 53n + 1n, 1009],
      [2n ** 63n - 1n, 1009],
      [2n ** 63n, 1002],
      [2n ** 63n + 1n, 1002],
      [2n ** 64n - 1n, 1002],
    ])("of %d bytes end with %d (gorilla CVE-2020-27813, undici CVE-2026-1528)", async (length, code) => {
      await target().attacked(`a length of ${length}`, async () => {
        const peers = await Promise.all(Array.from({ length: 20 }, () => target().upgraded()));
        for (const [index, peer] of peers.entries()) {
          if (index % 2 === 0) peer.write(header(index % 4 === 0 ? TEXT : BINARY, length));
          else {
            peer.send({ opcode: BINARY, payload: "x", isFinal: false });
            peer.write(header(CONTINUATION, length));
          }
        }
        const closed = await Promise.all(peers.map((peer) => peer.closeFrame()));
        expect(new Set(closed.map((close) => close.code))).toEqual(new Set([code]));
      });
    });

    it("of the limit and one more byte end with 1009, with control frames between", async () => {
      await target().attacked("the limit + 1", async () => {
        const peer = await target().upgraded();
        peer.send(
          { opcode: BINARY, payload: new Uint8Array(65_535), isFinal: false },
          { opcode: PING, payload: "between" },
          { opcode: CONTINUATION, payload: "x", isFinal: false },
          { opcode: PING, payload: "between" },
          { opcode: CONTINUATION, payload: "x" },
        );
        expect(await peer.closeFrame()).toEqual({ code: 1009, reason: "message/too-large" });
      });
    });
  });

  describe("window bits", () => {
    it("of 0, 7, 16, 1000, of nothing, or given twice agree on nothing (undici CVE-2026-2229)", async () => {
      const offers = [
        "0",
        "7",
        "16",
        "1000",
        "-8",
        "08",
        "0x9",
        "9.5",
        "1e1",
        "NaN",
        "__proto__",
        "99999999999999999999",
      ];
      const parameters = ["server_max_window_bits", "client_max_window_bits"].flatMap((name) => [
        ...offers.map((bits) => `${name}=${bits}`),
        `${name}=9; ${name}=9`,
        `${name}=15; ${name}`,
      ]);
      await target().attacked("window bits", async () => {
        for (const parameter of [...parameters, "server_max_window_bits"]) {
          const peer = await target().open();
          peer.write(busRequest({ headers: { "Sec-WebSocket-Extensions": `permessage-deflate; ${parameter}` } }));
          const { headers, status } = await peer.head();
          expect([parameter, status, headers.get("sec-websocket-extensions")]).toEqual([parameter, 101, undefined]);
          peer.send({ opcode: BINARY, payload: deflatedZeros(1), reserved: 0b100 });
          expect(await peer.closeFrame()).toEqual({ code: 1002, reason: "frame/reserved-bits" });
        }
        for (const parameter of ["server_max_window_bits=", "client_max_window_bits=", "=9"]) {
          const headers = { "Sec-WebSocket-Extensions": `permessage-deflate; ${parameter}` };
          expect(await target().statusOf(busRequest({ headers }))).toBe(400);
        }
      });
    });
  });

  describe("headers", () => {
    it.each([
      ["a letter and blanks", { "Sec-WebSocket-Extensions": `a${" ".repeat(15_000)}a` }, 400],
      ["blanks around a subprotocol", { "Sec-WebSocket-Protocol": `${" \t".repeat(7000)}busbar.v1` }, 101],
      ["an unfinished string of escapes", { "Sec-WebSocket-Extensions": `a; b="${"\\c".repeat(7000)}` }, 400],
      ["a string of escapes", { "Sec-WebSocket-Extensions": `a; b="${"\\c".repeat(7000)}"` }, 101],
      ["empty parameters", { "Sec-WebSocket-Extensions": "a;".repeat(7000) }, 400],
      ["an endless list", { Connection: `${",".repeat(15_000)}Upgrade` }, 101],
      ["letters for a host", { Host: "a".repeat(15_000) }, 101],
      ["dots for a host", { Host: ".".repeat(15_000) }, 101],
      ["letters for a key", { "Sec-WebSocket-Key": "a".repeat(15_000) }, 400],
      ["letters for an origin", { Origin: "a".repeat(15_000) }, 403],
      ["cookies of nothing", { Cookie: ";=".repeat(7000) }, 101],
      ["blanks for an authorization", { Authorization: `Basic${" ".repeat(15_000)}x` }, 401],
    ])(
      "of 16 KiB, %s, are read in linear time (ws CVE-2021-32640, websocket-extensions CVE-2020-7662)",
      async (what, headers, status) => {
        await target().attacked(`16 KiB of ${what}`, async () => {
          const statuses = await Promise.all(
            Array.from({ length: 20 }, () => target().statusOf(busRequest({ headers }))),
          );
          expect(new Set(statuses)).toEqual(new Set([status]));
        });
      },
    );

    it("that are 2,000 are refused (ws CVE-2024-37890)", async () => {
      const many = busRequest().replace(/\r\n$/, `${"a:b\r\n".repeat(2000)}\r\n`);
      const plain = many.replace("Upgrade: websocket\r\nConnection: Upgrade\r\n", "");
      await target().attacked("2,000 headers", async () => {
        for (const request of [many, plain]) {
          const statuses = await Promise.all(Array.from({ length: 20 }, () => target().statusOf(request)));
          expect(new Set(statuses)).toEqual(new Set([431]));
        }
      });
    });

    it("in writes of one byte are read in linear time (tungstenite CVE-2023-43669)", async () => {
      const request = busRequest({ headers: { Letters: "x".repeat(7000), Cookie: "a=1; ".repeat(1000) } });
      await target().attacked("headers in writes of one byte", async () => {
        const peer = await target().open();
        peer.socket.setNoDelay(true);
        for (const byte of Buffer.from(request)) {
          if (!peer.socket.write(Uint8Array.of(byte)))
            await new Promise((resolve) => peer.socket.once("drain", resolve));
        }
        expect((await peer.head()).status).toBe(101);
      });
    });

    it.each(["__proto__", "constructor", "hasOwnProperty", "toString", "prototype"])(
      "called %s are headers (Node CVE-2026-21710)",
      async (name) => {
        await target().attacked(`a header called ${name}`, async () => {
          const lines = `${name}: x\r\n${name}: y\r\n`;
          const withLines = (request: string): string => request.replace(/\r\n$/, `${lines}\r\n`);
          expect(await target().statusOf(withLines(busRequest()))).toBe(101);
          expect(await target().statusOf(withLines("GET /health HTTP/1.1\r\nHost: a\r\n\r\n"))).toBe(200);
          expect(await target().statusOf(withLines(`POST / HTTP/1.1\r\nHost: a\r\nTrailer: ${name}\r\n\r\n`))).toBe(
            404,
          );
        });
      },
    );
  });

  describe("the upgrade", () => {
    it("that is reset in the middle, anywhere, leaves nothing (engine.io CVE-2022-21676)", async () => {
      const request = Buffer.from(busRequest());
      await target().attacked("resets in the middle of the upgrade", async () => {
        for (let length = 0; length <= request.length; length += 2) {
          const peer = await target().open();
          peer.write(request.subarray(0, length));
          // Whether the bytes are there before the reset is for the system to choose: every second waits for that.
          if (length % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
          peer.reset();
        }
        expect(await target().statusOf(request)).toBe(101);
      });
    });

    it("with frames before the 101 reads them as frames, behind it", async () => {
      const hello = '{"id":1,"do":"hello","auth":{"scheme":"basic","username":"bob","password":"builder"}}';
      await target().attacked("frames before the 101", async () => {
        const polite = await target().open();
        polite.write(Buffer.concat([Buffer.from(busRequest()), textFrame(hello)]));
        expect((await polite.head()).status).toBe(101);
        expect(JSON.parse((await polite.frame()).payload.toString())).toMatchObject({ re: 1, ok: {} });

        const torn = await target().open();
        torn.write(Buffer.concat([Buffer.from(busRequest()), Buffer.from([0xff, 0xff, 0xff])]));
        expect((await torn.head()).status).toBe(101);
        expect((await torn.closeFrame()).code).toBe(1002);

        const much = await target().open();
        much.write(Buffer.concat([Buffer.from(busRequest()), header(TEXT, 2n ** 31n), Buffer.alloc(4 * MEBIBYTE)]));
        expect((await much.head()).status).toBe(101);
        expect((await much.closeFrame()).code).toBe(1009);

        expect(await target().statusOf(Buffer.concat([textFrame(hello), Buffer.from(busRequest())]))).toBe(400);
      });
    });

    it.each([
      ["a route that has none", busRequest({ target: "/nowhere" }), 404],
      ["the health of the server", busRequest({ target: "/health" }), 404],
      ["a route below its own", busRequest({ target: "/bus/" }), 404],
      ["another protocol", busRequest({ headers: { Upgrade: "h2c", "HTTP2-Settings": "AAMAAABkAAQAAP__" } }), 426],
      ["a protocol that there is not", busRequest({ headers: { Upgrade: "__proto__" } }), 426],
      ["nothing", busRequest({ headers: { Upgrade: "" } }), 404],
      ["another method", busRequest({ method: "POST" }), 405],
      ["another host's tunnel", busRequest({ method: "CONNECT", target: "internal.example:443" }), 0],
      ["no WebSocket's key", busRequest({ headers: { "Sec-WebSocket-Key": undefined } }), 400],
    ])("to %s is refused, and the process lives", async (what, request, status) => {
      await target().attacked(`an upgrade to ${what}`, async () => {
        for (let times = 0; times < 10; times++) expect(await target().statusOf(request)).toBe(status);
      });
    });

    it.each([
      "?%",
      "?%E0%A4%A",
      "?%00=%ff",
      "?__proto__=1&__proto__[a]=1",
      "?constructor[prototype][a]=1",
      "?EIO=4&transport=polling&sid=__proto__",
      "?transport=websocket&sid=constructor",
      "?a[]=1&a[]=2&a=3",
      `?${"&".repeat(7000)}`,
      `?${"a=1&".repeat(3500)}`,
      `?${"%41".repeat(5000)}`,
      "??",
      "?#",
      "?\u00ff",
    ])("with the query %j is let in or refused, and the process lives", async (query) => {
      await target().attacked(`the query ${query.slice(0, 20)}`, async () => {
        for (const path of ["/bus", "/", "/health"]) {
          const upgrade = await target().statusOf(Buffer.from(busRequest({ target: `${path}${query}` }), "latin1"));
          expect([101, 400, 404]).toContain(upgrade);
          const plain = await target().statusOf(
            Buffer.from(`GET ${path}${query} HTTP/1.1\r\nHost: a\r\n\r\n`, "latin1"),
          );
          expect([200, 400, 404]).toContain(plain);
        }
      });
    });
  });

  describe("smuggling around the upgrade:", () => {
    const withLine = (line: string): string => busRequest().replace("Upgrade: ", `${line}\r\nUpgrade: `);
    const hidden = "GET /health HTTP/1.1\r\nHost: hidden\r\n\r\n";

    it.each([
      ["an absolute URI", busRequest({ target: "http://localhost/bus" })],
      ["an absolute URI of another host", busRequest({ target: "http://internal.example/bus" })],
      ["an absolute URI of the scheme ws", busRequest({ target: "ws://localhost/bus" })],
      ["a bare CR in a header", withLine("X-A: b\rX-C: d")],
      ["a bare CR for the end of a line", busRequest().replace("Host: localhost\r\n", "Host: localhost\r")],
      ["a header that goes on in the next line", withLine("X-A: b\r\n c")],
      ["a blank before a colon", withLine("Content-Length : 0")],
      ["a length and chunks", `${withLine("Content-Length: 5\r\nTransfer-Encoding: chunked")}0\r\n\r\n`],
      ["chunks", `${withLine("Transfer-Encoding: chunked")}5\r\nhello\r\n0\r\n\r\n`],
      ["a length", `${withLine("Content-Length: 5")}hello`],
      ["two lengths", `${withLine("Content-Length: 0\r\nContent-Length: 5")}hello`],
      ["two hosts", busRequest({ headers: { Host: ["localhost", "internal.example"] } })],
      ["bytes behind a route that has none", busRequest({ target: "/nowhere" })],
      ["bytes behind a wrong version", busRequest({ headers: { "Sec-WebSocket-Version": "12" } })],
      ["bytes behind another origin", busRequest({ headers: { Origin: "http://evil.example" } })],
      ["bytes behind a wrong password", busRequest({ headers: { Authorization: "Basic YTpi" } })],
    ])("%s opens no WebSocket, and what stands behind it is no request", async (what, request) => {
      await target().attacked(`smuggling with ${what}`, async () => {
        const peer = await target().open();
        peer.write(Buffer.from(request + hidden, "latin1"));
        peer.socket.end();
        await peer.closed;
        expect(peer.received.includes(" 101 ")).toBe(false);
        expect(peer.received.includes("ok\n")).toBe(false);
        expect(answersIn(peer)).toBeLessThanOrEqual(1);
      });
    });
  });

  describe("control frames", () => {
    it("are not made of arrays whose elements are no bytes (ws CVE-2026-45736)", async () => {
      await target().attacked("arrays for pings, messages and closes", async () => {
        const socket = await connect(target().url, { subprotocols: ["busbar.v1"] });
        const notAMessage = expect.objectContaining({ code: "websocket/not-a-message" });
        // A program without types may pass anything.
        const arrays = [new Float64Array(15), new Uint32Array(9), new DataView(new ArrayBuffer(9)), { length: 99 }, 99];
        for (const array of arrays as never[]) {
          expect(() => socket.ping(array)).toThrow(notAMessage);
          expect(() => socket.send(array)).toThrow(notAMessage);
          await expect(socket.close(1000, array)).rejects.toEqual(notAMessage);
        }
        expect(socket.state).toBe("open");
        expect(await socket.ping(new Uint8Array(new ArrayBuffer(200), 50, 100))).toBeGreaterThanOrEqual(0);
        socket.terminate();
      });
    });

    it("come back with the bytes that were sent, and no others (ws CVE-2026-45736)", async () => {
      await target().attacked("pings and closes of every length", async () => {
        const peer = await target().upgraded();
        for (let length = 0; length <= 125; length++) {
          const payload = Buffer.alloc(length, length);
          peer.send({ opcode: PING, payload });
          expect((await peer.frame()).payload).toEqual(payload);
        }
        for (let length = 0; length <= 123; length += 3) {
          const closing = await target().upgraded();
          const payload = Buffer.concat([Buffer.from([0x03, 0xe8]), Buffer.alloc(length, "r")]);
          closing.send({ opcode: CLOSE, payload });
          const { opcode, payload: answer } = await closing.frame();
          expect(opcode).toBe(CLOSE);
          expect(answer.equals(payload) || answer.equals(payload.subarray(0, 2))).toBe(true);
        }
      });
    });
  });
});
