// A Node.js service that makes thumbnails. Only its telemetry matters: DogStatsD metrics and JSON log lines.
import { createSocket } from "node:dgram";
import { createServer } from "node:http";

const datagrams = createSocket("udp4");
const port = Number(process.env.DD_DOGSTATSD_PORT ?? 8125);
const host = process.env.DD_AGENT_HOST ?? "127.0.0.1";
const send = (text) => datagrams.send(text, port, host);

createServer((request, response) => {
  const size = new URL(request.url, "http://localhost").searchParams.get("size") ?? "small";
  const result = size === "huge" ? "rejected" : "made";
  send(`thumbnails.made:1|c|#result:${result},size:${size}`);
  send(`thumbnails.queue:${result === "made" ? 1 : 0}|g`);
  console.log(JSON.stringify({ status: result === "made" ? "info" : "warn", message: "thumbnail", result, size }));
  response.statusCode = result === "made" ? 200 : 413;
  response.end();
}).listen(Number(process.env.PORT), "127.0.0.1");
