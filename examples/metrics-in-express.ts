import { once } from "node:events";
import express from "express";
import client from "prom-client";
import { Laboratory } from "sidelane";
import { prometheusPublisher } from "sidelane/publishers/prometheus";

const lab = new Laboratory({ publishers: [prometheusPublisher({ client })] });

const greeting = lab.experiment("greeting", {
  control: (name: string) => `Hello, ${name}!`,
  candidate: (name: string) => ["Hello, ", name, "!"].join(""),
});

const app = express();
app.get("/hello/:name", (request, response) => void response.send(greeting(request.params.name)));
app.get("/metrics", async (_request, response) => {
  response.type(client.register.contentType).send(await client.register.metrics());
});

const server = app.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as { port: number };
const get = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${port}${path}`)).text();

console.log(await get("/hello/Ada"));
console.log(await get("/hello/Grace"));
await lab.flush();
const page = await get("/metrics");
console.log(page.split("\n").find((line) => line.startsWith("sidelane_results_total")));
server.close();
server.closeAllConnections();
await lab.close();
// Prints:
// Hello, Ada!
// Hello, Grace!
// sidelane_results_total{experiment="greeting",candidate="candidate",kind="match"} 2
