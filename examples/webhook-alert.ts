import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { Laboratory } from "sidelane";
import { webhookPublisher } from "sidelane/publishers/webhook";

// Stands in for Slack.
const server = createServer((request, response) => {
  void text(request).then((body) => {
    console.log(request.method, body);
    response.end("ok");
  });
}).listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as { port: number };

const lab = new Laboratory({
  publishers: [
    webhookPublisher({
      url: `http://127.0.0.1:${port}/alerts`,
      // For Slack, leave these out: https and hooks.slack.com are what is allowed.
      allowHosts: ["127.0.0.1"],
      allowPrivate: true,
      allowHttp: true,
    }),
  ],
});

const shipping = lab.experiment("shipping", {
  control: (grams: number) => ({ price: grams > 1_000 ? 9 : 5 }),
  candidate: (grams: number) => ({ price: grams >= 1_000 ? 9 : 5 }),
});

// The two disagree twice, in the same way: people are told once.
for (const grams of [200, 1_000, 3_000, 1_000]) shipping(grams);
await lab.close();
server.close();
// Prints:
// POST {"text":"shipping: candidate differs at $.price (value); … ms beside … ms, v2-…"}
