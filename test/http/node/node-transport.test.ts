import { expect, it } from "vitest";
import { nodeTransport, parallelHandler } from "../../../src/http/index.ts";
import { eventually, laboratory, says, service } from "../servers.ts";

it("keeps no connection of an answer that nobody reads", async () => {
  const [control, candidate] = [await service(says("a")), await service(says("b".repeat(100_000), "text/plain", 500))];
  const { lab } = laboratory();
  const handler = parallelHandler({
    ...{ name: "shop", laboratory: lab, control: control.url, candidate: candidate.url, noise: false, silence: false },
    ...{ transport: nodeTransport({ maxSockets: 2 }), limits: { breakAfter: 100 } },
  });
  for (let asked = 1; asked <= 8; asked++) {
    await (await handler(new Request("http://front.example/"))).text();
    await eventually(() => candidate.requests.length === asked, `copy ${asked}`);
  }
  await lab.settled();
  handler.close();
  expect(handler.counts()["candidate"]!.answered).toBe(8);
});
