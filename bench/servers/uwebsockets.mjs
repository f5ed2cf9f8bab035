/** `node uwebsockets.mjs PORT echo|fanout` */
import uWS from "uwebsockets";

const [, , port, work] = process.argv;
const app = uWS.App();
app.ws("/*", {
  compression: 0,
  idleTimeout: 0,
  maxBackpressure: 64 * 1024 * 1024,
  maxPayloadLength: 1024 * 1024,
  open: (socket) => void (work === "fanout" && socket.subscribe("all")),
  message(socket, message, isBinary) {
    if (work === "echo") socket.send(message, isBinary);
    else app.publish("all", message, isBinary);
  },
});
app.listen("127.0.0.1", Number(port), (isListening) => {
  if (!isListening) throw new Error(`cannot listen on ${port}`);
  console.log("listening");
});
