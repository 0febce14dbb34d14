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

const lab = new Laboratory({ publishers: [{ name: "nobody", publish: () => undefined }] });

async function find(id: number): Promise<User> {
  await sleep(2);
  return { id, name: "Ada", tags: ["a", "b", "c"] };
}

const compared = lab.experiment("find", { control: find, candidate: async (id) => find(id) });

const server = createServer((request, response) => {
  const url = request.url ?? "/";
  const lookUp = url.startsWith("/with/") ? compared : find;
  void lookUp(Number(url.slice(url.lastIndexOf("/") + 1))).then((user) => response.end(JSON.stringify(user)));
});
server.listen(0, "127.0.0.1", () => process.send!((server.address() as AddressInfo).port));
// What was compared is told at the end: a load that was not compared would have measured nothing.
process.on("message", () => void lab.settled().then(() => process.send!(lab.status().experiments["find"]!.matched)));
