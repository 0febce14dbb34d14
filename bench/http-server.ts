// The server that bench/http.bench.ts puts under load: the same handler with and without an experiment around its work.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Laboratory } from "../src/index.ts";

interface User {
  readonly id: number;
  readonly name: string;
  readonly tags: readonly string[];
}

const silent = new Laboratory();
const telling = new Laboratory({ publishers: [{ name: "nobody", publish: () => undefined }] });

async function find(id: number): Promise<User> {
  await sleep(2);
  return { id, name: "Ada", tags: ["a", "b", "c"] };
}

const lookUps: Record<string, (id: number) => Promise<User>> = {
  without: find,
  again: find,
  with: silent.experiment("find", { control: find, candidate: async (id) => find(id) }),
  published: telling.experiment("find", { control: find, candidate: async (id) => find(id) }),
};

const server = createServer((request, response) => {
  const [, way, id] = request.url!.split("/");
  void lookUps[way!]!(Number(id)).then((user) => response.end(JSON.stringify(user)));
});
server.listen(0, "127.0.0.1", () => process.send!((server.address() as AddressInfo).port));
// What was compared is told at the end: a load that was not compared would have measured nothing.
process.on("message", () => void Promise.all([silent.settled(), telling.settled()]).then(tell));

function tell(): void {
  const [one, other] = [silent, telling].map((lab) => lab.status().experiments["find"]!.matched);
  process.send!(one! + other!);
}
