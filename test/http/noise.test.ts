import { describe, expect, it } from "vitest";
import { parallelHandler, type HandlerOptions } from "../../src/http/index.ts";
import { eventually, laboratory, says, service } from "./servers.ts";

/** One request to two services that differ, where control answers another number each time. */
async function differing(options: Partial<HandlerOptions> | ((url: string) => Partial<HandlerOptions>)) {
  let number = 0;
  const counting: Parameters<typeof service>[0] = (request, response) => {
    number += 1;
    says(`{"at":${number}}`, "application/json")(request, response);
  };
  const [old, again, next] = [
    await service(counting),
    await service(counting),
    await service(says('{"at":"new"}', "application/json")),
  ];
  const { lab, faults } = laboratory();
  const handler = parallelHandler({
    ...{ name: "shop", laboratory: lab, control: old.url, candidate: next.url, silence: false },
    ...(typeof options === "function" ? options(again.url) : options),
  });
  await (await handler(new Request("http://front.example/now", { headers: { "x-a": "1" } }))).text();
  await lab.settled();
  return { old, again, next, lab, faults };
}

describe("after a mismatch", () => {
  it("control is asked for the same once more, last, with a copy's mark", async () => {
    const { old, next, lab, faults } = await differing({});
    await eventually(() => old.requests.length === 2);
    await lab.settled();
    const [first, second] = old.requests;
    expect([first!.url, second!.url]).toEqual(["/now", "/now"]);
    expect(second!.headers["x-a"]).toBe("1");
    expect([first!.headers["x-sidelane"], typeof second!.headers["x-sidelane"]]).toEqual([undefined, "string"]);
    expect(next.requests).toHaveLength(1);
    expect(lab.status().experiments["shop"]!.noise).toMatchObject({ reruns: 1 });
    expect(faults).toEqual([]);
  });

  it("its second instance is asked in its place, where there is one", async () => {
    const { old, again } = await differing((secondary) => ({ secondary }));
    await eventually(() => again.requests.length === 1);
    expect(old.requests).toHaveLength(1);
  });

  it.each([
    ["is down", "http://127.0.0.1:1"],
    ["answers 503", undefined],
  ])("a second instance that %s makes no noise of what the candidate does", async (_about, down) => {
    const busy = await service(says("busy", "text/plain", 503));
    const { lab, faults } = await differing({ secondary: down ?? busy.url });
    await eventually(() => lab.status().experiments["shop"]!.noise!.timedOut === 1);
    expect(lab.status().experiments["shop"]!.noise).toMatchObject({ reruns: 1, groups: [], proposals: [] });
    expect(faults).toEqual([]);
  });

  it("nobody is asked without noise", async () => {
    const { old, lab } = await differing({ noise: false });
    await lab.settled();
    expect(old.requests).toHaveLength(1);
  });
});
