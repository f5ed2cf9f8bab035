/** A peer that says exactly the bytes that a test says, and shows those that came. */
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { encodeFrame, type TestFrame } from "../conformance/frames.js";

/** The request of RFC 6455, 1.2; its answer is known. */
export const SAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ==";
export const SAMPLE_ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface RequestOptions {
  readonly target?: string;
  readonly method?: string;
  /** More headers, or others instead of those that a request has; undefined takes one away. */
  readonly headers?: Headers;
}

/** The text of a request for an upgrade. */
export function upgradeRequest({ headers = {}, method = "GET", target = "/" }: RequestOptions = {}): string {
  const all: Headers = {
    Host: "localhost",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": SAMPLE_KEY,
    "Sec-WebSocket-Version": "13",
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    [value ?? []].flat().map((single) => `${name}: ${single}\r\n`),
  );
  return `${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** A head that came, and the bytes behind it. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly rest: Buffer;
}

/** A frame that the server sent. */
export interface ServerFrame {
  readonly opcode: number;
  readonly isCompressed: boolean;
  readonly payload: Buffer;
}

export type Place = { readonly port: number } | { readonly path: string };

export class TcpPeer {
  readonly socket: Socket;
  /** Resolves when the connection is gone, however it ended. */
  readonly closed: Promise<void>;
  /** What came and was not taken, with room for more behind it. */
  #buffer = Buffer.alloc(1024);
  #from = 0;
  #to = 0;
  #isClosed = false;
  readonly #waiting: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      this.#append(chunk);
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#isClosed = true;
        this.#wake();
        resolve();
      });
    });
  }

  static async connect(place: Place): Promise<TcpPeer> {
    const socket = connectTcp("port" in place ? { host: "127.0.0.1", ...place } : place);
    const peer = new TcpPeer(socket);
    await once(socket, "connect");
    return peer;
  }

  static async connectTls(port: number, ca: string): Promise<TcpPeer> {
    const socket = connectTls({ host: "localhost", port, ca });
    const peer = new TcpPeer(socket);
    await once(socket, "secureConnect");
    return peer;
  }

  /** Connect, and go through the handshake. */
  static async upgraded(place: Place, options: RequestOptions = {}): Promise<TcpPeer> {
    const peer = await TcpPeer.connect(place);
    peer.write(upgradeRequest(options));
    const head = await peer.head();
    if (head.status !== 101) throw new Error(`refused with ${head.status}: ${String(head.rest)}`);
    return peer;
  }

  /** What came and was not taken. */
  get received(): Buffer {
    return this.#buffer.subarray(this.#from, this.#to);
  }

  write(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Send frames, masked, in one write. */
  send(...frames: readonly TestFrame[]): void {
    this.write(Buffer.concat(frames.map((frame) => encodeFrame(frame, "client"))));
  }

  /** Await that what came satisfies `isThere`, and return what that found. */
  async until<Found>(isThere: (received: Buffer) => Found | undefined): Promise<Found> {
    for (;;) {
      const found = isThere(this.received);
      if (found !== undefined) return found;
      if (this.#isClosed) throw new Error(`closed; what came was ${JSON.stringify(this.received.toString("latin1"))}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Await a head and take it; `rest` is what has come behind it. */
  async head(): Promise<ResponseHead> {
    const end = await this.until((received) => {
      const at = received.indexOf("\r\n\r\n");
      return at === -1 ? undefined : at;
    });
    const [startLine = "", ...lines] = this.#take(end + 4)
      .toString("latin1")
      .trimEnd()
      .split("\r\n");
    const headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    return { status: Number(startLine.split(" ")[1]), headers, rest: this.received };
  }

  /** Await the answer to a request that is refused, to its end. */
  async refusal(): Promise<ResponseHead & { readonly body: string }> {
    const head = await this.head();
    const length = Number(head.headers.get("content-length"));
    const body = await this.until((received) => (received.length >= length ? received.subarray(0, length) : undefined));
    return { ...head, body: body.toString() };
  }

  /** Await one frame and take it. */
  async frame(): Promise<ServerFrame> {
    const { frame, bytes } = await this.until(readFrame);
    this.#take(bytes);
    return frame;
  }

  /** Await a close frame behind whatever comes before it; its code and reason. */
  async closeFrame(): Promise<{ readonly code: number; readonly reason: string }> {
    for (;;) {
      const { opcode, payload } = await this.frame();
      if (opcode !== 0x8) continue;
      return { code: payload.length < 2 ? 1005 : payload.readUInt16BE(0), reason: payload.subarray(2).toString() };
    }
  }

  /** Vanish with a reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  #take(bytes: number): Buffer {
    const taken = this.received.subarray(0, bytes);
    this.#from += bytes;
    return taken;
  }

  #append(chunk: Buffer): void {
    if (this.#to + chunk.length > this.#buffer.length) {
      const grown = Buffer.alloc(2 * (this.received.length + chunk.length));
      this.#to = this.received.copy(grown);
      this.#buffer = grown;
      this.#from = 0;
    }
    this.#to += chunk.copy(this.#buffer, this.#to);
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function readFrame(bytes: Buffer): { frame: ServerFrame; bytes: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes.readUInt8(1) & 0x7f;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const start = 2 + lengthBytes;
  if (bytes.length < start) return undefined;
  const length =
    lengthBytes === 0 ? short : lengthBytes === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  const end = start + length;
  if (bytes.length < end) return undefined;
  const first = bytes.readUInt8(0);
  const payload = Buffer.from(bytes.subarray(start, end));
  return { frame: { opcode: first & 0x0f, isCompressed: (first & 0x40) !== 0, payload }, bytes: end };
}
