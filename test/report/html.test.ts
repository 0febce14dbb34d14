import { createHash } from "node:crypto";
import { parse, type DefaultTreeAdapterTypes } from "parse5";
import { describe, expect, it } from "vitest";
import { htmlOf, markdownOf, textOf } from "../../src/report/index.ts";
import { rateChart } from "../../src/report/charts.ts";
import { latencyChart } from "../../src/report/latency-chart.ts";
import { pageScript } from "../../src/report/page-script.ts";
import { mismatchesNamed } from "./mismatches-named.ts";
import { payloads } from "./payloads.ts";

type Node = DefaultTreeAdapterTypes.ChildNode;
function elementsOf(nodes: readonly Node[]): DefaultTreeAdapterTypes.Element[] {
  return nodes.flatMap((node) => ("tagName" in node ? [node, ...elementsOf(node.childNodes)] : []));
}

describe("the page of a report", () => {
  it("runs nothing and asks for nothing, whatever stands in the records", async () => {
    const page = await htmlOf(await mismatchesNamed(payloads));
    const elements = elementsOf(parse(page).childNodes);
    const names = new Set(elements.map(({ tagName }) => tagName));
    for (const name of ["img", "iframe", "link", "object", "form", "b"]) expect([...names]).not.toContain(name);
    for (const { tagName, attrs } of elements) {
      for (const { name, value } of attrs) {
        expect(name).not.toMatch(/^(?:on|style$|src)/);
        if (name === "href") expect(value, tagName).toMatch(/^#/);
      }
    }
    expect(elements.filter(({ tagName }) => tagName === "script")).toHaveLength(1);
    const style = elements.find(({ tagName }) => tagName === "style")!;
    const text = style.childNodes.map((node) => ("value" in node ? node.value : "")).join("");
    const hash = createHash("sha256").update(text).digest("base64");
    expect(page).toContain(`; style-src &#39;sha256-${hash}&#39;; `);
    const ran = createHash("sha256").update(pageScript).digest("base64");
    expect(page).toContain(`default-src &#39;none&#39;; script-src &#39;sha256-${ran}&#39;; `);
    expect(page).not.toContain("unsafe");
    expect(pageScript).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|<\//);
    // Its own ends of lines are all that there is.
    expect(page).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202e]/);
    expect(page).toContain("&lt;img src=x onerror=alert(1)&gt;");
  });

  it("has a card and a section of each experiment, each chart with a sentence and its numbers", async () => {
    const model = await mismatchesNamed(["price", "user"]);
    const page = await htmlOf(model);
    const elements = elementsOf(parse(page).childNodes);
    const ids = elements.flatMap(({ attrs }) => attrs.filter(({ name }) => name === "id").map(({ value }) => value));
    const links = elements.flatMap(({ attrs }) =>
      attrs.filter(({ name }) => name === "href").map(({ value }) => value),
    );
    const sections = ["experiment-price", "experiment-user"];
    expect(ids).toEqual(sections.flatMap((id) => [id, `${id}/${id.slice("experiment-".length)}`]));
    expect(links).toEqual(sections.map((id) => `#${id}`));
    const drawings = elements.filter(({ tagName }) => tagName === "svg");
    expect(drawings.length).toBeGreaterThan(1);
    for (const { attrs } of drawings) {
      expect(attrs.find(({ name }) => name === "role")?.value).toBe("img");
      expect(attrs.find(({ name }) => name === "aria-label")?.value).toMatch(/\.$/);
    }
    expect(elements.filter(({ tagName }) => tagName === "figure").length).toBe(drawings.length);
    // All faces say the same numbers.
    for (const text of [page, textOf(model), markdownOf(model)]) {
      expect(text).toContain("10");
      expect(text).toContain("REGRESSED");
    }
    expect(page).toContain("id        p0-0");
  });

  it("shows stages as bands and versions and other events as lines over the rate, and durations side by side", () => {
    const at = Date.UTC(2026, 0, 1);
    const minute = (index: number): number => at + index * 60_000;
    const event = (index: number, kind: string, from: object, to: object): object => ({
      ...{ at: minute(index), kind, from, to, by: "ada", reason: "r" },
    });
    const [shadow, ramp] = [
      { stage: "shadow", share: 0 },
      { stage: "ramp", share: 0.05 },
    ];
    const experiment = {
      events: [event(2, "advanced", shadow, ramp), event(5, "regressed", ramp, ramp)],
      ...{ funnel: [{ at: minute(0) }, { at: minute(9) }], stepMs: 60_000 },
    };
    const latency = (scale: number): object => ({
      ...{ count: 100, meanMs: scale, maxMs: 4 * scale, p50Ms: scale, p95Ms: 2 * scale, p99Ms: 4 * scale },
      buckets: [[scale, 90], [2 * scale, 8], [4 * scale, 2]], // prettier-ignore
    });
    const candidate = {
      trend: Array.from({ length: 10 }, (_, index) => ({ at: minute(index), comparisons: 10, mismatches: index % 2 })),
      verdict: { gates: [{ name: "slower-than", units: 40, bad: 30 }] },
      versions: [{ version: "a", firstSeen: at }, { version: "b", firstSeen: minute(7) }], // prettier-ignore
      latency: { control: latency(10), candidate: latency(20) },
    };
    const rates = rateChart("new", candidate as never, experiment as never);
    expect([...rates.matchAll(/<rect class="behind (\w+)"/g)].map(([, stage]) => stage)).toEqual(["shadow", "ramp"]);
    expect(rates.match(/<line class="version"/g)).toHaveLength(1);
    expect(rates.match(/<line class="event"/g)).toHaveLength(1);
    expect(rates).toContain("bands behind are stages, a dotted upright line is a version, a solid one another event.");
    expect(rates).toMatch(/00:05 UTC<\/td><td>[^<]+<\/td><td>-<\/td><td>ramp at 5 %<\/td><td>regressed/);
    expect(rates).toContain("version b");
    const durations = latencyChart("new", candidate as never);
    expect(durations).toContain("Of 40 blocks of 32 timed pairs 30 are slower.");
    expect(durations).toMatch(/longer by<\/td><td>\+10 ms<\/td><td>\+20 ms<\/td><td>\+40 ms/);
    expect(durations).toMatch(/ratio<\/td><td>2.00×/);
    // Two distributions, the line at no difference, and the differences.
    expect(durations.match(/<polyline/g)).toHaveLength(4);
  });

  it("takes at most 3 MB of 50 experiments with 256 kinds of mismatch each, without examples", async () => {
    const model = await mismatchesNamed(["price"]);
    const [experiment] = Object.values(model.experiments);
    const [candidate] = Object.values(experiment!.candidates);
    const [group] = candidate!.groups;
    const groups = Array.from({ length: 256 }, (_, index) => ({
      ...group!,
      signature: `v2-${index}`,
      examples: [],
      trend: Array.from({ length: 60 }, (__, minute) => minute % 7),
    }));
    const many = Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [
        `experiment ${index}`,
        { ...experiment!, candidates: { candidate: { ...candidate!, groups } } },
      ]),
    );
    expect(Buffer.byteLength(await htmlOf({ ...model, experiments: many }))).toBeLessThan(3_000_000);
  });

  it("takes at most 8 MB of them with examples, and says where the rest is", async () => {
    const model = await mismatchesNamed(["price"]);
    const [experiment] = Object.values(model.experiments);
    const [candidate] = Object.values(experiment!.candidates);
    const [group] = candidate!.groups;
    const groups = Array.from({ length: 256 }, (_, index) => ({ ...group!, signature: `v2-${index}` }));
    const many = Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [
        `experiment ${index}`,
        { ...experiment!, candidates: { candidate: { ...candidate!, groups } } },
      ]),
    );
    const page = await htmlOf({ ...model, experiments: many });
    if (process.env["FIGURES"] !== undefined) console.log(`${Buffer.byteLength(page)} bytes with examples`);
    expect(Buffer.byteLength(page)).toBeLessThan(8_000_000);
    expect(page).toContain("<code>sidelane explain &lt;file&gt; v2-0</code>");
    // Those without one in the page are named.
    expect(page).toContain("<code>v2-255</code>");
  });
});
