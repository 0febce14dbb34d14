/** Passes a body of so many megabytes through a handler that compares it, and prints how many bytes came and the memory that it took. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Laboratory } from "../../src/index.ts";
import { parallelHandler } from "../../src/http/index.ts";

const megabytes = Number(process.argv[2]);
const chunk = Buffer.alloc(1024 * 1024, 97);
const answer: RequestListener = (_request, response) => {
  response.writeHead(200, { "content-type": "application/octet-stream" });
  let sent = 0;
  const more = (): void => {
    while (sent < megabytes) {
      sent += 1;
      if (!response.write(chunk)) return;
    }
    response.end();
  };
  response.on("drain", more);
  more();
};

async function open(): Promise<string> {
  const server = createServer(answer).unref();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const lab = new Laboratory();
const handler = parallelHandler({
  ...{ name: "large", laboratory: lab, control: await open(), candidate: await open(), limits: { timeoutMs: 600_000 } },
  ...{ noise: false, silence: false },
});
let most = 0;
let bytes = 0;
const response = await handler(new Request("http://front.example/"));
for await (const part of response.body!) {
  bytes += part.length;
  most = Math.max(most, process.memoryUsage().rss);
}
await lab.settled();
const { matched, mismatched } = lab.status().experiments["large"]!;
console.log(JSON.stringify({ bytes, matched, mismatched, mostMegabytes: Math.round(most / 1024 / 1024) }));
await lab.close();
process.exit(0);
