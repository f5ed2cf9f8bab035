import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { NodeTransport } from "../adapters/node/transport.js";
import { optionalDeferred } from "../kernel/deferred.js";
import { BusbarError } from "../kernel/errors.js";
import { encodeBase64 } from "../protocol/base64.js";
import {
  checkUpgradeResponse,
  parseWebSocketUrl,
  upgradeRequest,
  type UpgradeOffer,
  type UpgradeResult,
  type WebSocketUrl,
} from "../protocol/client-handshake.js";
import { HeaderMap } from "../protocol/header-map.js";
import { HttpHeadReader, parseResponseHead } from "../protocol/http-head.js";
import { SocketDriver } from "../websocket/socket-driver.js";
import { SocketKind, type SocketSurroundings } from "../websocket/socket-kind.js";
import { WebSocket } from "../websocket/web-socket.js";
import { HandshakeRequest } from "./handshake-request.js";
import { checkConnectOptions } from "./option-checks.js";
import { compressionOf, limitsOf, socketLimitsOf, type ConnectOptions } from "./options.js";
import { surroundingsOf } from "./surroundings.js";

/** RFC 6455, 4.1: 16 random bytes, as base64. */
const KEY_BYTES = 16;

/** A client's socket. */
export type ClientSocket = WebSocket<HandshakeRequest, undefined>;

/** What was read of the server's answer. */
interface Answer extends UpgradeResult {
  /** Bytes behind the answer. */
  readonly early: Uint8Array;
}

/**
 * Open a WebSocket as a client; resolves when it is open. Redirects are not followed.
 *
 * @param url `ws:` or `wss:`; user and password in it are sent as HTTP Basic.
 * @throws HandshakeError when the server refuses (its `status` says how), or when its answer breaks a rule.
 * @throws BusbarError `connect/failed`, `connect/timeout`, `connect/aborted` or `options/invalid`.
 */
export async function connect(url: string, options: ConnectOptions = {}): Promise<ClientSocket> {
  checkConnectOptions(options);
  const surroundings = surroundingsOf("client", options);
  const offer = offerOf(url, options, surroundings);
  const request = upgradeRequest(offer);
  if (options.signal?.aborted === true) throw aborted(options.signal);
  const socket = openSocket(offer.url, options);
  let answer: Answer;
  try {
    socket.write(request);
    answer = await shakeHands(socket, { offer, options, surroundings });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  const transport = new NodeTransport(socket);
  const { deflate, early, protocol = "" } = answer;
  const kind = new SocketKind({ role: "client", surroundings, limits: socketLimitsOf(options) });
  const driver = new SocketDriver({ kind, transport, deflate });
  const headers = new HeaderMap(offer.headers.flat());
  const identity = {
    request: new HandshakeRequest(offer.url.target, headers, transport.remoteAddress),
    principal: undefined,
    protocol,
  };
  // What came behind the answer is read once more, later: whoever awaits this socket can listen to all that it tells.
  if (early.length > 0) socket.unshift(early);
  transport.listen(driver);
  return new WebSocket(driver, identity);
}

function offerOf(url: string, options: ConnectOptions, surroundings: SocketSurroundings): UpgradeOffer {
  const target = parseWebSocketUrl(url);
  const key = new Uint8Array(KEY_BYTES);
  surroundings.random.fill(key);
  const headers: [string, string][] = Object.entries(options.headers ?? {});
  const isAuthorized = headers.some(([name]) => name.toLowerCase() === "authorization");
  if (target.credentials !== undefined && !isAuthorized) {
    const { password, username } = target.credentials;
    const credentials = encodeBase64(new TextEncoder().encode(`${username}:${password}`));
    headers.push(["Authorization", `Basic ${credentials}`]);
  }
  const compression = compressionOf(options);
  const deflate = compression && { noContextTakeover: !compression.contextTakeover };
  return { url: target, key: encodeBase64(key), protocols: options.subprotocols ?? [], deflate, headers };
}

function openSocket(url: WebSocketUrl, options: ConnectOptions): Socket {
  const { socketPath, tls } = options;
  const where = socketPath === undefined ? { host: url.host, port: url.port } : { path: socketPath };
  if (!url.isSecure) return connectTcp(where);
  // RFC 6066, 3: an address is no server name.
  const serverName = isIP(url.host) === 0 ? { servername: url.host } : {};
  try {
    return connectTls({ ...where, ...serverName, ...tls });
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new BusbarError("options/invalid", `the option tls cannot be used: ${detail}`, { cause });
  }
}

interface Attempt {
  readonly offer: UpgradeOffer;
  readonly options: ConnectOptions;
  readonly surroundings: SocketSurroundings;
}

/** Read the answer to the request that was written. The socket is paused when this resolves, and has no listeners left. */
async function shakeHands(socket: Socket, { offer, options, surroundings }: Attempt): Promise<Answer> {
  const limits = limitsOf(options);
  const answer = optionalDeferred<Answer>();
  const reader = new HttpHeadReader("response", limits);
  const listeners = {
    data: (chunk: Uint8Array): void => {
      try {
        const head = reader.push(chunk);
        if (head === undefined) return;
        socket.pause();
        answer.resolve({ ...checkUpgradeResponse(parseResponseHead(head), offer), early: head.rest });
      } catch (error) {
        answer.reject(error);
      }
    },
    error: (cause: Error): void => answer.reject(failed(cause.message, cause)),
    close: (): void => answer.reject(failed("the server ended the connection before it answered")),
  };
  const onAbort = (): void => answer.reject(aborted(options.signal));
  const timeout = surroundings.clock.schedule(limits.handshakeTimeoutMs, () => {
    const message = `no answer to the handshake within ${limits.handshakeTimeoutMs} ms`;
    answer.reject(new BusbarError("connect/timeout", message, { retryable: true }));
  });
  // After a failure they stay: an error event that nobody hears of would end the process.
  for (const [event, listener] of Object.entries(listeners)) socket.on(event, listener);
  options.signal?.addEventListener("abort", onAbort);
  try {
    const result = await answer.promise;
    for (const [event, listener] of Object.entries(listeners)) socket.off(event, listener);
    return result;
  } finally {
    timeout.cancel();
    options.signal?.removeEventListener("abort", onAbort);
  }
}

function failed(detail: string, cause?: Error): BusbarError {
  return new BusbarError("connect/failed", `cannot connect: ${detail}`, { retryable: true, cause });
}

function aborted(signal: AbortSignal | undefined): BusbarError {
  return new BusbarError("connect/aborted", "the attempt was given up", { cause: signal?.reason });
}
