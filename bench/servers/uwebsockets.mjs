/** `node uwebsockets.mjs PORT echo|fanout [deflate]` */
import uWS from "uwebsockets";

const [, , port, work, deflate] = process.argv;
const isCompressed = deflate === "deflate";
const app = uWS.App();
app.ws("/*", {
  compression: isCompressed ? uWS.SHARED_COMPRESSOR : uWS.DISABLED,
  idleTimeout: 0,
  maxBackpressure: 64 * 1024 * 1024,
  maxPayloadLength: 2 * 1024 * 1024,
  open: (socket) => void (work === "fanout" && socket.subscribe("all")),
  message(socket, message, isBinary) {
    if (work === "echo") socket.send(message, isBinary, isCompressed);
    else app.publish("all", message, isBinary, isCompressed);
  },
});
app.listen("127.0.0.1", Number(port), (isListening) => {
  if (!isListening) throw new Error(`cannot listen on ${port}`);
  console.log("listening");
});
