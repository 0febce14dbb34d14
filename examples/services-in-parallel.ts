import { createHash, randomBytes } from "node:crypto";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { Laboratory, memoryPublisher } from "sidelane";
import { parallelHandler, toNodeListener } from "sidelane/http";

// Two services with sessions of their own and an API key each: what one has signed the other does not know.
function shop(apiKey: string, totalOf: (cents: readonly number[]) => number): RequestListener {
  const sessions = new Map<string, string>();
  const app = express();
  app.use((request, response, next) => {
    if (request.headers["x-api-key"] === apiKey) next();
    else response.status(403).json({ error: "unknown key" });
  });
  app.get("/login/:name", (request, response) => {
    const session = createHash("sha256").update(randomBytes(8)).digest("hex").slice(0, 12);
    sessions.set(session, request.params.name);
    response.cookie("sid", session, { httpOnly: true }).json({ welcome: request.params.name });
  });
  app.get("/cart", (request, response) => {
    const name = sessions.get(/sid=(\w+)/.exec(request.headers.cookie ?? "")?.[1] ?? "");
    if (name === undefined) response.status(401).json({ error: "who are you?" });
    else response.json({ name, total: totalOf([1999, 501, 1]) });
  });
  return app;
}

async function listen(listener: RequestListener): Promise<{ server: Server; url: string }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

process.env["OLD_KEY"] = "key of the old shop";
process.env["NEW_KEY"] = "key of the new shop";
const sum = (cents: readonly number[]) => cents.reduce((all, each) => all + each, 0);
const old = await listen(shop("key of the old shop", sum));
const next = await listen(shop("key of the new shop", (cents) => Math.round(sum(cents) / 10) * 10)); // rounds

const seen = memoryPublisher();
const lab = new Laboratory({ publishers: [seen] });
const handler = parallelHandler({
  name: "shop",
  laboratory: lab,
  control: { url: old.url, headers: { set: { "x-api-key": { env: "OLD_KEY" } } } },
  candidate: { url: next.url, headers: { set: { "x-api-key": { env: "NEW_KEY" } } } },
  session: { cookie: "sid" },
  routes: ["GET /login/{name}", "GET /cart"],
});

// As middleware: everything that this app does not answer itself goes to the two.
const front = express();
front.get("/health", (_request, response) => void response.send("up"));
front.use(toNodeListener(handler) as express.RequestHandler);
const { server, url } = await listen(front);

const login = await fetch(`${url}/login/ada`);
console.log(await login.json());
const [cookie = ""] = login.headers.getSetCookie()[0]!.split(";");
await lab.settled();
console.log(await (await fetch(`${url}/cart`, { headers: { cookie } })).json());

await lab.settled();
for (const { context, candidates } of seen.results) {
  const [{ comparison }] = candidates;
  const differences = "differences" in comparison ? [comparison.differences] : [];
  console.log(context["route"], comparison.kind, ...differences);
}
console.log(handler.counts()["candidate"]);

handler.close();
await lab.close();
for (const each of [server, old.server, next.server]) {
  each.closeAllConnections();
  each.close();
}
// Prints:
// { welcome: 'ada' }
// { name: 'ada', total: 2501 }
// GET /login/{name} match
// GET /cart mismatch [
//   {
//     path: '$.body.total',
//     kind: 'value',
//     control: 2501,
//     candidate: 2500
//   }
// ]
// {
//   eligible: 2,
//   sampled: 2,
//   sent: 2,
//   answered: 2,
//   compared: 2,
//   matched: 1,
//   brokenMidBody: 0,
//   skips: {}
// }
