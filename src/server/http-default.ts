import type { HttpHandler } from "./options.js";

/** Answer `GET /health` with 200, everything else with 404. */
export const httpDefault: HttpHandler = (request, response) => {
  const isHealth = request.url === "/health" && (request.method === "GET" || request.method === "HEAD");
  const text = isHealth ? "ok\n" : "There is nothing here. busbar's clients connect by WebSocket.\n";
  response.writeHead(isHealth ? 200 : 404, {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": Buffer.byteLength(text),
    "Cache-Control": "no-store",
  });
  response.end(request.method === "HEAD" ? undefined : text);
};
