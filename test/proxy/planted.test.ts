import { Agent, get, type RequestListener } from "node:http";
import { describe, expect, it } from "vitest";
import { service } from "../http/servers.ts";
import { proxied } from "./proxies.ts";

/** What is planted in the answers of the candidate, and where it shows. */
const kinds: Readonly<Record<string, { readonly shows: string; readonly change: (answer: Answer) => Answer }>> = {
  status: { shows: "$.status", change: (answer) => ({ ...answer, status: 201 }) },
  value: { shows: "$.body.price", change: (answer) => ({ ...answer, body: { ...answer.body, price: 1 } }) },
  missing: { shows: "$.body.name", change: (answer) => ({ ...answer, body: { ...answer.body, name: undefined } }) },
  type: { shows: "$.body.stock", change: (answer) => ({ ...answer, body: { ...answer.body, stock: "3" } }) },
  // A name that is not of letters alone stands as `*` in what is shown of a group, and is told apart by its signature.
  header: { shows: "$.headers.*[0]", change: (answer) => ({ ...answer, cache: "max-age=600" }) },
  another: { shows: "$.headers.*", change: (answer) => ({ ...answer, language: "de" }) },
  list: { shows: "$.body.tags[1]", change: (answer) => ({ ...answer, body: { ...answer.body, tags: ["a", "c"] } }) },
  failure: { shows: "threw", change: (answer) => ({ ...answer, status: 500 }) },
};

interface Answer {
  readonly status: number;
  readonly cache: string;
  readonly language: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const names = Object.keys(kinds);
/** One of a hundred differs, each kind in its turn. */
const planOf = (id: number): string | undefined =>
  id % 100 === 37 ? names[Math.floor(id / 100) % names.length] : undefined;

function answers(isPlanted: boolean): RequestListener {
  return (request, response) => {
    const id = Number(request.url!.slice("/things/".length));
    const plan = isPlanted ? planOf(id) : undefined;
    const usual: Answer = {
      ...{ status: 200, cache: "max-age=60", language: "en" },
      body: { id, name: `Thing ${id}`, price: (id % 900) + 2, stock: 3, tags: ["a", "b"] },
    };
    const { status, cache, language, body } = plan === undefined ? usual : kinds[plan]!.change(usual);
    response
      .writeHead(status, { "content-type": "application/json", "cache-control": cache, "content-language": language })
      .end(JSON.stringify(body));
  };
}

const total = Number(process.env["PROXY_REQUESTS"] ?? 1_200);

describe("requests of which one of a hundred differs by plan", () => {
  it(
    "have each planted kind as a group of its own, no other, and are counted to the last one",
    { timeout: 1_800_000 },
    async () => {
      const [control, candidate] = [await service(answers(false)), await service(answers(true))];
      const proxy = await proxied({
        ...{ control: control.url, candidate: candidate.url, routes: ["GET /things/{id}"], cpuShare: 1 },
        limits: { maxInFlight: 1_000, timeoutMs: 60_000 },
      });
      const agent = new Agent({ keepAlive: true, maxSockets: 16 });
      let next = 0;
      const work = async (): Promise<void> => {
        while (next < total) {
          const id = next++;
          const text = await new Promise<string>((resolve, reject) => {
            get(`${proxy.url}/things/${id}`, { agent }, (response) => {
              let body = "";
              response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
              response.on("end", () => {
                resolve(body);
              });
            }).on("error", reject);
          });
          if (!text.startsWith(`{"id":${id},"name":"Thing ${id}","price":`))
            throw new Error(`${id} was answered ${text}`);
        }
      };
      await Promise.all(Array.from({ length: 16 }, work));
      agent.destroy();
      await proxy.deployment.laboratory.settled();
      const { calls, candidates, groups } = proxy.deployment.laboratory.status().experiments["proxy"]!;
      const planted = new Map<string, number>();
      for (let id = 0; id < total; id++) {
        const plan = planOf(id);
        if (plan !== undefined) planted.set(plan, (planted.get(plan) ?? 0) + 1);
      }
      const differing = [...planted.values()].reduce((sum, each) => sum + each, 0);
      expect(calls).toBe(total);
      expect(proxy.deployment.compiled.counts()["candidate"]).toMatchObject({
        ...{ eligible: total, sampled: total, sent: total, answered: total, skips: {} },
      });
      expect(candidates["candidate"]).toMatchObject({
        matched: total - differing,
        mismatched: differing,
        inconclusive: 0,
      });
      expect(candidates["candidate"]!.tally.candidateErrors).toBe(planted.get("failure") ?? 0);
      // Each group by where it shows, with all that were planted of it.
      const found = groups.map(({ count, differences, first }) => {
        const hasFailed = first.candidates[0]!.outcome.kind === "threw";
        return [hasFailed ? "threw" : differences.map(({ path }) => path).join(), count];
      });
      const expected = [...planted].map(([plan, count]) => [kinds[plan]!.shows, count]);
      expect(found.sort()).toEqual(expected.sort());
    },
  );
});
