import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect as connectSocket } from "busbar/websocket";
import { BusGround, users } from "../support/bus-ground.js";
import { selfSigned } from "../support/certificate.js";
import { TcpPeer, upgradeRequest } from "../support/tcp-peer.js";

const ground = new BusGround();
const [one, other] = [selfSigned(), selfSigned()];
const ca = one.cert + other.cert;

/** The certificate that a connection that comes now is shown, whatever it is. */
async function shown(port: number, options: object = {}): Promise<{ fingerprint: string; protocol: string | null }> {
  const socket: TLSSocket = connect({ host: "localhost", port, rejectUnauthorized: false, ...options });
  try {
    await once(socket, "secureConnect");
    return { fingerprint: socket.getPeerCertificate().fingerprint256, protocol: socket.getProtocol() };
  } finally {
    socket.destroy();
  }
}

describe("a server with TLS of its own", () => {
  let folder: string;
  const write = ({ cert, key }: typeof one): void => {
    writeFileSync(join(folder, "key.pem"), key);
    writeFileSync(join(folder, "cert.pem"), cert);
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "busbar-tls-"));
    write(one);
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const serve = async (more: object = {}) => {
    const tls = { keyFile: join(folder, "key.pem"), certFile: join(folder, "cert.pem"), ...more };
    const { server, url } = await ground.serve({ tls });
    return { server, url: url.replace("127.0.0.1", "localhost"), port: server.port ?? 0 };
  };
  const hello = { id: 1, do: "hello", auth: { scheme: "basic", username: "ada", password: users.ada.password } };

  it("has clients over wss, requests over https, and pages of its own origin", async () => {
    const { port, url } = await serve();
    expect(url).toBe(`wss://localhost:${port}/bus`);
    const options = { subprotocols: ["busbar.v1"], headers: { Origin: `https://localhost:${port}` }, tls: { ca } };
    const socket = await connectSocket(url, options);
    await socket.send(JSON.stringify(hello));
    const { value } = await socket[Symbol.asyncIterator]().next();
    expect(JSON.parse(String(value))).toMatchObject({ re: 1, ok: { principal: { id: "ada" } } });
    await socket.close();
    const plain = { ...options, headers: { Origin: `http://localhost:${port}` } };
    await expect(connectSocket(url, plain)).rejects.toMatchObject({ status: 403 });
    const peer = await TcpPeer.connectTls(port, ca);
    peer.write("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect((await peer.head()).status).toBe(200);
    peer.socket.destroy();
  });

  it("speaks TLS 1.2 and 1.3, or 1.3 alone, and nothing older", async () => {
    const { port } = await serve();
    expect((await shown(port)).protocol).toBe("TLSv1.3");
    expect((await shown(port, { maxVersion: "TLSv1.2" })).protocol).toBe("TLSv1.2");
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" };
    await expect(shown(port, old)).rejects.toThrow(/protocol version|alert/i);
    const strict = await serve({ minVersion: "TLSv1.3" });
    await expect(shown(strict.port, { maxVersion: "TLSv1.2" })).rejects.toThrow(/protocol version|alert/i);
  });

  it("has another certificate from one connection to the next, and keeps those that are open", async () => {
    const { port, server } = await serve();
    const before = await shown(port);
    const peer = await TcpPeer.connectTls(port, ca);
    peer.write(upgradeRequest({ target: "/bus", headers: { "Sec-WebSocket-Protocol": "busbar.v1" } }));
    expect((await peer.head()).status).toBe(101);
    write(other);
    server.reloadTls();
    const after = await shown(port);
    expect(after.fingerprint).not.toBe(before.fingerprint);
    peer.send({ opcode: 1, payload: JSON.stringify(hello) });
    expect(JSON.parse(String((await peer.frame()).payload))).toMatchObject({ re: 1, ok: {} });
    writeFileSync(join(folder, "key.pem"), "no key");
    expect(() => server.reloadTls()).toThrow(expect.objectContaining({ code: "tls/unusable" }));
    expect((await shown(port)).fingerprint).toBe(after.fingerprint);
    server.reloadTls(one);
    expect((await shown(port)).fingerprint).toBe(before.fingerprint);
    peer.socket.destroy();
  });

  it("reads its files again at a signal", async () => {
    const { port } = await serve({ reloadOn: "SIGHUP" });
    const before = await shown(port);
    write(other);
    process.kill(process.pid, "SIGHUP");
    await expect.poll(async () => (await shown(port)).fingerprint).not.toBe(before.fingerprint);
  });

  it("does not start with a certificate that is none, and holds nobody up when it stops", async () => {
    const { port, server } = await serve();
    // It has not begun with TLS, and never will.
    const silent = await TcpPeer.connect({ port });
    await server.close();
    await silent.closed;
    writeFileSync(join(folder, "cert.pem"), "");
    await expect(serve()).rejects.toMatchObject({ code: "tls/unusable" });
  });
});

it("a server without TLS of its own has nothing to read again", async () => {
  const { server } = await ground.serve();
  expect(() => server.reloadTls()).toThrow(expect.objectContaining({ code: "tls/none" }));
});
