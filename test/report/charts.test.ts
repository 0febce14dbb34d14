import { parse, type DefaultTreeAdapterTypes } from "parse5";
import { beforeAll, describe, expect, it } from "vitest";
import { percent } from "../../src/model/figures.ts";
import { htmlOf, type ReportModel } from "../../src/report/index.ts";
import { milliseconds, moment, number } from "../../src/report/words.ts";
import { states } from "./states.ts";

type Element = DefaultTreeAdapterTypes.Element;
type Node = DefaultTreeAdapterTypes.ChildNode;

function all(nodes: readonly Node[], name: string): Element[] {
  return nodes.flatMap((node) =>
    "tagName" in node ? [...(node.tagName === name ? [node] : []), ...all(node.childNodes, name)] : [],
  );
}
function textOf(node: Node): string {
  if ("value" in node) return node.value;
  return "childNodes" in node ? node.childNodes.map(textOf).join("") : "";
}
const attribute = ({ attrs }: Element, name: string): string | undefined =>
  attrs.find((each) => each.name === name)?.value;

describe("each chart of a page", () => {
  let model: ReportModel;
  let figures: (experiment: string) => Element[];
  beforeAll(async () => {
    model = await states["mixed"]!();
    const sections = all(parse(await htmlOf(model)).childNodes, "section");
    figures = (experiment) =>
      all(
        sections.filter((each) => attribute(each, "id") === `experiment-${experiment}`),
        "figure",
      );
  }, 60_000);
  const named = (experiment: string, begins: string): Element =>
    figures(experiment).find((each) => textOf(all([each], "figcaption")[0]!).startsWith(begins))!;
  const rowsOf = (figure: Element): string[][] =>
    all(all([figure], "tbody"), "tr").map((row) => all([row], "td").map(textOf));
  const shapes = (figure: Element, name: string, look: string): Element[] =>
    all(all([figure], "svg"), name).filter((each) => attribute(each, "class")?.split(" ").includes(look));

  it("has the model's rates and bounds, a point each", () => {
    for (const experiment of ["price", "find-user", "checkout"]) {
      const { trend } = model.experiments[experiment]!.candidates["candidate"]!;
      const steps = trend.filter(({ comparisons }) => comparisons > 0);
      let [seen, bad] = [0, 0];
      const expected = steps.map(({ at, comparisons, mismatches, upperBound }) => {
        seen += comparisons;
        bad += mismatches;
        return [moment(at), percent(bad / seen), upperBound === undefined ? "-" : percent(upperBound)];
      });
      const figure = named(experiment, "Mismatches of");
      expect(rowsOf(figure).map((row) => row.slice(0, 3))).toEqual(expected);
      const [rates] = shapes(figure, "polyline", "control");
      expect(attribute(rates!, "points")!.split(" ")).toHaveLength(steps.length);
    }
  });

  it("has the model's funnel, with skips stacked by reason", () => {
    const { funnel, skips } = model.experiments["stock"]!;
    expect(Object.keys(skips)).toEqual(["not-enabled"]);
    const figure = named("stock", "Calls every");
    expect(rowsOf(figure)).toEqual(
      funnel.map((step) => [
        moment(step.at),
        ...[step.calls, step.started, step.compared, step.matched, step.skips["not-enabled"] ?? 0].map(number),
      ]),
    );
    const [started, skipped] = ["started", "skip-0"].map((look) => shapes(figure, "rect", look));
    expect([started!.length, skipped!.length]).toEqual([funnel.length, funnel.length]);
    // Each bar stands on the one below it, and is as high as its number.
    for (const [index, step] of funnel.entries()) {
      const [low, high] = [started![index]!, skipped![index]!].map((each) => ({
        y: Number(attribute(each, "y")),
        height: Number(attribute(each, "height")),
      }));
      expect(high!.y + high!.height).toBeCloseTo(low!.y, 0);
      expect(high!.height / low!.height).toBeCloseTo(step.skips["not-enabled"]! / step.started, 0);
    }
    expect(textOf(all([figure], "figcaption")[0]!)).toContain("From below: started, not-enabled.");
  });

  it("has the model's outcomes, as bar and matrix", () => {
    const { counts, errors } = model.experiments["price"]!.candidates["candidate"]!;
    const figure = named("price", "What came of");
    const rows = Object.fromEntries(rowsOf(figure).map(([what, times]) => [what, times]));
    for (const [kind, times] of Object.entries(counts)) expect(rows[kind]).toBe(number(times));
    const total = Object.values(counts).reduce((sum, each) => sum + each, 0);
    expect(rows["control and candidate returned"]).toBe(number(total - errors.control - errors.candidate));
    const told = all(all([figure], "svg"), "text").map(textOf);
    for (const cell of [`${number(total)} · 100 %`, "0 · 0 %", "control threw"]) expect(told).toContain(cell);
    expect(shapes(figure, "rect", "cell")).toHaveLength(4);
  });

  it("has the model's durations, where there are any", async () => {
    const latency = { p50Ms: 10, p95Ms: 20, p99Ms: 40, maxMs: 41, meanMs: 12, count: 90 };
    const side = (scale: number): object => ({
      ...Object.fromEntries(Object.entries(latency).map(([name, ms]) => [name, ms * scale])),
      count: 90,
      buckets: [[10 * scale, 80], [40 * scale, 10]], // prettier-ignore
    });
    const price = model.experiments["price"]!;
    const candidate = { ...price.candidates["candidate"]!, latency: { control: side(1), candidate: side(2) } };
    const page = await htmlOf({
      ...model,
      experiments: { price: { ...price, candidates: { candidate } as unknown as typeof price.candidates } },
    });
    const figure = all(parse(page).childNodes, "figure").find((each) => textOf(each).startsWith("Durations"))!;
    const [control, other] = rowsOf(figure);
    for (const [row, scale] of [
      [control!, 1],
      [other!, 2],
    ] as const) {
      expect(row.slice(1, 5)).toEqual([10, 20, 40, 41].map((ms) => milliseconds(ms * scale)));
    }
  });

  it("has the model's stages and what led to them", () => {
    const { events } = model.experiments["checkout"]!;
    const moves = events.filter(({ from, to }) => from.stage !== to.stage || from.share !== to.share);
    const figure = named("checkout", "Stages:");
    expect(shapes(figure, "rect", "band")).toHaveLength(moves.length + 1);
    expect(rowsOf(figure).map((row) => row.at(-1))).toEqual(["", ...moves.map(({ by }) => by)]);
  });
});
