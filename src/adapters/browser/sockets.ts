import type { ClientSocket, SocketFactory, SocketListener } from "../../client/ports.js";

/** The browser's WebSockets. */
export const browserSockets: SocketFactory = {
  open(url, subprotocol, listener) {
    try {
      return listenTo(new WebSocket(url, subprotocol), listener);
    } catch (error) {
      // Such as a ws: address on an https: page. It is told later, like every other end.
      queueMicrotask(() => listener.socketClosed({ code: 1006, reason: String(error) }));
      return { send() {}, close() {} };
    }
  },
};

function listenTo(socket: WebSocket, listener: SocketListener): ClientSocket {
  socket.addEventListener("open", () => listener.socketOpened());
  socket.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    listener.messageReceived(typeof data === "string" ? data : undefined);
  });
  // An error event says nothing, and a close event follows it.
  socket.addEventListener("close", ({ code, reason }) => listener.socketClosed({ code, reason }));
  return {
    // A socket that is closing drops what is sent, and only one that is still connecting would throw.
    send: (text) => socket.send(text),
    close: (code) => socket.close(code),
  };
}
