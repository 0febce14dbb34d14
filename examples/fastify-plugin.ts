import fastify from "fastify";
import { Laboratory } from "sidelane";

const app = fastify();

// One laboratory for the server, which closes it when it closes.
const lab = new Laboratory({
  publishers: [({ experiment, kind }) => console.log(experiment, kind)],
  onFault: ({ operation, error }) => app.log.warn({ operation, error }, "sidelane"),
});
app.addHook("onClose", async () => {
  await lab.close();
});

const search = lab.experiment("search", {
  control: async (text: string) => ["green tea", "black tea"].filter((name) => name.includes(text)),
  candidate: async (text) => ["black tea", "green tea"].filter((name) => name.includes(text)),
  compare: { unordered: ["$"] }, // in whatever order
});

app.get<{ Querystring: { q: string } }>("/search", async ({ query }) => ({ found: await search(query.q) }));

const answer = await app.inject("/search?q=tea");
console.log(answer.statusCode, answer.json());
await app.close();
// Prints:
// 200 { found: [ 'green tea', 'black tea' ] }
// search match
