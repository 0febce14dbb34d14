import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseFragment } from "parse5";
import { describe, expect, it } from "vitest";
import type { Result } from "../../src/model/result.ts";
import { renderHtml, renderStyles, renderText } from "../../src/render/index.ts";
import { hostile } from "../compare/hostile.ts";
import { differ, resultOf, returned } from "./pages.ts";

const noModule = { load: () => Promise.reject(new Error("not installed")) };

const cart = {
  id: 7,
  lines: [
    { id: "a", price: 1 },
    { id: "b", price: 2 },
    { id: "c", price: 3 },
  ],
  note: "unchanged",
};
const otherCart = { ...cart, lines: [cart.lines[0], { id: "x", price: 9 }, { id: "b", price: "2" }, cart.lines[2]] };

describe("a result as text", () => {
  it("says who did what, where they differ, and draws it", async () => {
    const text = await renderText(differ({ a: 1, b: 2, c: "same" }, { a: 1, b: 3, c: "same" }));
    expect(text).toBe(
      [
        "price: mismatch",
        "  result    r-1",
        "  started   1970-01-01T00:00:00.000Z",
        "  served    control",
        "  context   { cart: 7 }",
        '  control   returned { a: 1, b: 2, c: "same" } in 1.50 ms',
        "",
        "candidate: mismatch",
        '  candidate returned { a: 1, b: 3, c: "same" } in 1.50 ms',
        text.split("\n")[9],
        "  kind      $.b value number",
        "  $.b (value)",
        "    - 2",
        "    + 3",
        "",
        "    {",
        "      a: 1",
        "  -   b: 2",
        "  +   b: 3",
        '      c: "same"',
        "    }",
        "",
      ].join("\n"),
    );
    expect(text.split("\n")[9]).toMatch(/^ {2}signature v2-/);
  });

  it("draws an inserted element as one line, and goes into the one that changed", async () => {
    const drawing = (await renderText(differ(cart, otherCart))).split("\n\n").at(-1);
    expect(drawing).toContain('  +     [1] { id: "x", price: 9 }');
    expect(drawing).toContain('  -       price: 2\n  +       price: "2"');
    expect(drawing).not.toContain('  -     [2] { id: "c"');
  });

  it("folds what is far from every change", async () => {
    const value = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`key${index}`, index]));
    const text = await renderText(differ(value, { ...value, key15: "x" }), { contextLines: 1 });
    expect(text).toContain("… 14 unchanged");
    expect(text).toContain("key14: 14\n");
    expect(text.split("\n").length).toBeLessThan(30);
  });

  it("cuts long strings around the first difference", async () => {
    const text = await renderText(differ("a".repeat(5_000) + "b", "a".repeat(5_000) + "c"));
    expect(text).toMatch(/- "…a+b"/);
    expect(text).toMatch(/\+ "…a+c"/);
  });

  it("keeps to its width, and colors when asked to", async () => {
    const plain = await renderText(differ({ a: "x".repeat(300) }, { a: 1 }), { width: 40 });
    for (const line of plain.split("\n")) expect(line.length).toBeLessThanOrEqual(40);
    expect(plain).not.toContain("\u001b");
    const colored = await renderText(differ(1, 2), { color: true });
    expect(colored).toContain("\u001b[31m");
    expect(colored.replace(/\u001b\[\d+m/g, "")).toBe(await renderText(differ(1, 2)));
  });

  it("lets no control character of a value through", async () => {
    const evil = "\u001b[2J\n\u202e";
    const result = { ...differ({ [evil]: evil }, { [evil]: 1 }), experiment: evil, context: { [evil]: evil } };
    expect(await renderText(result)).not.toMatch(/[\u001b\u202e\r]/);
  });

  it("says why nothing could be told, and what was thrown", async () => {
    const threw = resultOf(returned({ id: 1 }), { kind: "threw", error: new TypeError("no") });
    expect(await renderText(threw)).toContain('    - "returned object: { id: 1 }"\n    + "threw TypeError: \\"no\\""');
    const late = resultOf(returned(1), { kind: "timed-out", afterMs: 20 });
    expect(await renderText(late)).toContain("  candidate timed out after 20 ms\n  reason    timed-out");
    const errors = resultOf({ kind: "threw", error: new Error("a") }, { kind: "threw", error: new Error("b") });
    expect(await renderText(errors)).toContain('message: "a"');
  });

  it("is the list alone when jsondiffpatch cannot be loaded", async () => {
    const text = await renderText(differ(cart, otherCart), noModule);
    expect(text).toContain("$.lines");
    expect(text).not.toContain("  +     [1]");
    expect(await renderText(differ(cart, otherCart), { load: () => { throw new Error("sync"); } })).toBe(text); // prettier-ignore
  });

  it("compares large arrays by position, in time", async () => {
    const numbers = Array.from({ length: 4_000 }, (_, index) => index);
    const started = performance.now();
    await renderText(differ(numbers, numbers.map((number) => number + 10_000))); // prettier-ignore
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  it("says how many differences there are beside those in the list", async () => {
    const result = differ({ a: 1 }, { a: 2 });
    const [candidate] = result.candidates;
    const comparison = { ...candidate.comparison, moreDifferences: 999 } as typeof candidate.comparison;
    const more = { ...result, candidates: [{ ...candidate, comparison }] } as const;
    expect(await renderText(more)).toContain("\n  … 999 more (1 of 1000 shown)\n");
    expect(await renderHtml(more)).toContain("… 999 more (1 of 1000 shown)");
  });

  it("dims what a rule knows", async () => {
    const result = differ({ a: 1 }, { a: 2 });
    const [candidate] = result.candidates;
    const differences = "differences" in candidate.comparison ? candidate.comparison.differences : [];
    const comparison = { kind: "ignored", rule: "rounding", differences } as const;
    const known: Result = { ...result, kind: "ignored", candidates: [{ ...candidate, comparison }] };
    const text = await renderText(known, { color: true });
    expect(text).toContain("\u001b[2m  -   a: 1");
    expect(text).not.toMatch(/\u001b\[3[12]m/);
    expect(await renderHtml(known)).toMatch(/<table class="sidelane-known">[^]*<pre class="sidelane-known">/);
  });

  it("keeps both ends of a long path, and shows where a long text begins to differ", async () => {
    const wrap = (value: unknown): unknown =>
      Array.from({ length: 40 }).reduce((inner) => ({ somewhere: inner }), { last: value });
    const text = await renderText(differ(wrap("x".repeat(3_000) + "1"), wrap("x".repeat(3_000) + "2")));
    expect(text).toMatch(/\n {2}\$\.somewhere.*….*\.last \(value\)\n {4}- "…x+1"\n {4}\+ "…x+2"\n/);
  });

  it.each([
    ["a no-break space", "1\u00a0234 €", "1 234 €"],
    ["a narrow one", "10:00\u202fAM", "10:00 AM"],
    ["a soft hyphen", "co\u00adop", "coop"],
    ["a composed letter", "caf\u00e9", "cafe\u0301"],
    ["two spaces", "a  b", "a b"],
    ["a variation selector", "❤\ufe0f", "❤"],
    ["a tag", "a\u{e0041}", "a"],
    ["what looks empty", "\u3164", ""],
  ])("tells apart texts that differ in %s", async (_, control, candidate) => {
    const looks = (line: string): string =>
      line.slice(6).replace(/[\p{Cf}\p{DI}]/gu, "").normalize("NFKC").replace(/\s+/g, " "); // prettier-ignore
    const lines = (await renderText(differ({ a: control }, { a: candidate }))).split("\n");
    const [ours, theirs] = [/^ {4}- /, /^ {4}\+ /].map((side) => looks(lines.find((line) => side.test(line))!));
    expect(ours).not.toBe(theirs);
    const drawn = lines.filter((line) => /^ {2}[-+] {3}a: /.test(line)).map(looks);
    expect(new Set(drawn).size).toBe(2);
    const cells = [
      ...(await renderHtml(differ(control, candidate))).matchAll(/<td class="[^"]*"><code>(.*?)<\/code>/g),
    ];
    expect(new Set(cells.map(([, cell]) => looks(`      ${cell!}`))).size).toBe(2);
  });

  it("refuses options that make no sense", async () => {
    const result = differ(1, 2);
    await expect(renderText(result, { width: 1 })).rejects.toThrow("renderText: expected `width` to be");
    await expect(renderText(result, { colour: true } as never)).rejects.toThrow("did you mean `color`?");
    await expect(renderHtml(result, { nonce: "" })).rejects.toThrow("renderHtml: expected `nonce` to be");
    await expect(renderHtml(result, { contextLines: -1 })).rejects.toThrow("`contextLines`");
  });
});

interface Node {
  readonly nodeName: string;
  readonly attrs?: readonly { readonly name: string }[];
  readonly childNodes?: readonly Node[];
}

function elements(node: Node): Node[] {
  return [node, ...(node.childNodes ?? []).flatMap(elements)];
}

describe("a result as HTML", () => {
  const evil = `</script></style><img src=x onerror="alert(1)">'&`;

  it("holds no element, handler, style or link that a value brought", async () => {
    const result = differ({ [evil]: evil, list: [evil] }, { [evil]: 1, list: [evil, evil] });
    const html = await renderHtml({ ...result, experiment: evil, context: { [evil]: evil } }, { nonce: 'a"b' });
    const all = elements(parseFragment(html));
    const allowed = "#document-fragment #text style section h2 h3 dl dt dd table thead tbody tr th td code pre span";
    for (const { nodeName } of all) expect(allowed.split(" ")).toContain(nodeName);
    for (const { attrs = [] } of all) for (const { name } of attrs) expect(["class", "scope", "nonce"]).toContain(name);
    expect(html).toContain('<style nonce="a&quot;b">');
  });

  it("brings its stylesheet unless told not to", async () => {
    expect(await renderHtml(differ(1, 2))).toContain(renderStyles);
    expect(await renderHtml(differ(1, 2), { style: false })).toMatch(/^<section class="sidelane">/);
  });

  it("shows the list and the drawing", async () => {
    const html = await renderHtml(differ(cart, otherCart));
    expect(html).toContain('<span class="sidelane-added">+     [1] { id: &quot;x&quot;, price: 9 }</span>');
    expect(html).toContain('<th scope="col">candidate</th>');
    expect(await renderHtml(differ(cart, otherCart), noModule)).not.toContain("<pre>");
  });
});

describe("rendering", () => {
  it.each(hostile)("survives $about", async ({ make }) => {
    for (const result of [differ(make(), 1), differ({ a: [make(), 1] }, { a: [make(), 2] })]) {
      expect(await renderText(result)).toContain("price");
      expect(await renderHtml(result)).toContain("price");
    }
  });

  it("survives cycles, depth, shared references and large arrays in a heap of 128 MB", async () => {
    const child = join(import.meta.dirname, "small-heap.child.ts");
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ["--max-old-space-size=128", "--import", "tsx", child], {
      timeout: 50_000,
    });
    expect(stdout.trim().split("\n")).toEqual(["cycles", "deep", "shared", "large", "done"]);
  });
});
