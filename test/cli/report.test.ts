import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Laboratory } from "../../src/index.ts";
import { ndjsonPublisher } from "../../src/publishers/ndjson/index.ts";
import type { ReportModel } from "../../src/report/index.ts";
import { fixedClock } from "../../src/testing/fixed-clock.ts";
import { seededRandom } from "../../src/testing/seeded-random.ts";
import { called } from "./called.ts";

const folder = mkdtempSync(join(tmpdir(), "sidelane-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = (name: string): string => join(folder, `${name}.ndjson`);

async function written(
  name: string,
  calls: number,
  candidate: (n: number) => unknown,
  experiment = name,
  build = "a1",
): Promise<void> {
  const clock = fixedClock();
  const publisher = ndjsonPublisher({ path: path(name), random: seededRandom(1) });
  const lab = new Laboratory({ publishers: [publisher], clock, random: seededRandom(2), labels: { build } });
  const call = lab.experiment(experiment, { control: (n: number): unknown => n, candidate });
  for (let n = 0; n < calls; n++) {
    call(n);
    if (n % 500 !== 499) continue;
    await lab.settled();
    await lab.flush();
    await clock.advanceAsync(50_000);
  }
  await lab.settled();
  await clock.advanceAsync(60_000);
  await lab.close();
}

beforeAll(async () => {
  await written("ready", 12_000, (n) => n);
  await written("regressed", 2_000, (n) => (n % 10 === 0 ? String(n) : n));
  await written("insufficient", 100, (n) => n);
  await written("no-traffic", 0, (n) => n);
}, 60_000);

describe("sidelane explain", () => {
  it("prints one mismatch in full, by its id, its signature or the beginning of that", async () => {
    const model = JSON.parse((await called(["report", path("regressed"), "--json"])).out) as ReportModel;
    const [group] = model.experiments["regressed"]!.candidates["candidate"]!.groups;
    const { id } = group!.examples[0]!;
    const { code, out } = await called(["explain", path("ready"), path("regressed"), group!.signature.slice(0, 8)]);
    expect(code).toBe(0);
    expect(out).toContain("regressed: mismatch\n");
    expect(out).toContain("control returned number after");
    expect(out).toContain(`  signature ${group!.signature}\n  $ (type)\n    - number\n    + string\n`);
    expect((await called(["explain", path("regressed"), id])).out).toContain(`  id        ${id}\n`);
    expect(await called(["explain", path("regressed"), "v2-none"])).toMatchObject({ code: 1, out: "" });
    expect((await called(["explain", path("regressed")])).code).toBe(2);
    expect((await called(["explain", "--help"])).out).toContain("sidelane explain <files …> <signature | id>");
  });
});

describe("sidelane diff", () => {
  it("tells new, gone and changed kinds of mismatch of two reports", async () => {
    await written(
      "later",
      1_000,
      (n) =>
        n % 10 === 0 ? String(n)
        : n === 1 ? null
        : n,
      "regressed",
    );
    for (const name of ["regressed", "later"]) {
      writeFileSync(path(`${name}-model`), (await called(["report", path(name), "--json"])).out);
    }
    const [before, after] = [path("regressed-model"), path("later-model")];
    expect(await called(["diff", before, after])).toEqual({
      code: 0,
      out: "regressed: candidate\n  + 1 × $ type number>null\n  ~ 200 → 100 × $ type number>string\n",
      err: "",
    });
    expect((await called(["diff", after, before])).out).toContain("  - 1 × $ type number>null\n");
    expect((await called(["diff", before, before])).out).toBe("Nothing differs between the two reports.\n");
    expect(JSON.parse((await called(["diff", before, after, "--json"])).out)).toMatchObject([
      { added: [{ count: 1 }] },
    ]);
    expect(await called(["diff", before])).toMatchObject({ code: 2 });
    expect(await called(["diff", before, path("regressed")])).toMatchObject({
      code: 2,
      err: expect.stringContaining("is no report; make one with sidelane report --json") as string,
    });
    writeFileSync(path("future"), '{"version":9,"experiments":{}}');
    expect((await called(["diff", before, path("future")])).err).toContain("a report of version 9, and 1 is known");
  });
});

describe("sidelane report", () => {
  it.each([
    ["ready", 0],
    ["regressed", 1],
    ["insufficient", 3],
    ["no-traffic", 3],
  ])("says %s by its exit code, %i", async (name, code) => {
    const { out, err, ...ended } = await called(["report", path(name)]);
    expect([ended.code, err]).toEqual([code, ""]);
    expect(out).toContain(name.toUpperCase().replace("-", " "));
    const model = JSON.parse((await called(["report", path(name), "--json"])).out) as ReportModel;
    const { verdict, counts, skips, groups } = model.experiments[name]!.candidates["candidate"]!;
    expect([model.version, verdict.kind, skips]).toEqual([1, name, {}]);
    expect(Object.keys(counts).sort()).toEqual(["ignored", "inconclusive", "match", "mismatch", "timed-out"]);
    if (name === "regressed") expect(groups).toMatchObject([{ signature: expect.stringMatching(/^v2-/), count: 200 }]);
    expect(model.lost.lines).toBe(0);
  });

  it("annotates a step of GitHub Actions, for regressions and new kinds alone", async () => {
    const env = { GITHUB_ACTIONS: "true" };
    const { out, err } = await called(["report", path("regressed"), path("ready"), "--markdown"], { env });
    expect(err).toMatch(
      /^::error title=regressed%3A candidate regressed::mismatch alarms: .*, 0\.1 %25 tolerated\.\n$/,
    );
    expect(out).not.toContain("::error");
    expect((await called(["report", path("ready"), "--markdown"], { env })).err).toBe("");
    expect((await called(["report", path("regressed"), "--markdown"])).err).toBe("");
    await written(
      "newer",
      2_000,
      (n) =>
        n % 10 === 0 ? String(n)
        : n % 7 === 3 ? null
        : n,
      "regressed",
      "b2",
    );
    const both = await called(["report", path("regressed"), path("newer"), "--markdown"], { env });
    expect(both.err).toMatch(
      /::warning title=regressed%3A candidate has a new kind of mismatch since b2::\d+ × \$ type number>null, v2-/,
    );
  });

  it("lets the worst experiment decide, or those that --fail-on names", async () => {
    const both = [path("ready"), path("regressed")];
    expect((await called(["report", ...both])).code).toBe(1);
    expect((await called(["report", ...both, "--fail-on", "not-ready,stale"])).code).toBe(0);
    expect((await called(["report", ...both, "--fail-on=regressed"])).code).toBe(1);
    expect((await called(["report", ...both, "--experiment", "ready"])).code).toBe(0);
    expect((await called(["report", join(folder, "{a}*"), ...both])).code).toBe(1);
    expect((await called(["report", join(folder, "*.ndjson"), "--fail-on", "no-traffic"])).code).toBe(1);
  });

  it("prints text and Markdown that say what the model says", async () => {
    const { out } = await called(["report", path("regressed"), path("ready")]);
    expect(
      out.replace(/[▁▂▃▄▅▆▇█]+/g, "▂").replace(/(slower-than|mismatch|candidate-error|inconclusive): .*/g, "$1: …"),
    ).toContain("          200 × $ type number>string (100 %) ▂");
    expect(out.indexOf("✖ regressed · REGRESSED")).toBeLessThan(out.indexOf("✔ ready · READY"));
    expect(out).toContain("    compared   2 000, 90 % match; 200 mismatch\n");
    expect(out).toContain(
      "  12 000 calls → eligible 12 000 → sampled 12 000 → started 12 000 → compared 12 000 → matched\n      12 000\n",
    );
    const markdown = (await called(["report", path("regressed"), "--markdown"])).out;
    expect(markdown).toMatch(/^<!-- sidelane-report -->\n### Sidelane\n/);
    expect(markdown).toContain(
      "| regressed | candidate | ✖ REGRESSED | mismatch&#58; alarms".replace("&#58; alarms", " alarms&#58;"),
    );
    expect(markdown).toContain("- 200 × $ type number&#62;string (100 %)");
  });

  it.each([
    [["report"], "name at least one file"],
    [["report", "/no/such/file"], "there is no file /no/such/file"],
    [["report", tmpdir()], "is a folder"],
    [["report", "x", "--jsno"], "unknown option --jsno; did you mean --json?"],
    [["report", "x", "--since"], "--since needs a time"],
    [["report", "x", "--since", "yesterday"], "--since takes a date, or a span such as 24h; got yesterday"],
    [["report", "x", "--fail-on", "bad"], "--fail-on takes regressed, not-ready"],
    [["report", "x", "--json", "--markdown"], "choose one of --json and --markdown"],
    [["report", "x", "--json=yes"], "--json takes no value"],
    [["rport"], "there is no command rport; did you mean report?"],
  ])("exits with 2 for %j", async (args, message) => {
    const { code, err } = await called(args);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  });

  it("says which experiments are not there", async () => {
    const { code, err } = await called([
      "report",
      path("ready"),
      "--experiment",
      "ready",
      "--experiment",
      "pr\u001bice",
    ]);
    expect([code, err]).toEqual([0, "sidelane: there is no experiment pr\\u001bice in these records\n"]);
  });

  it.each(["report", "explain", "diff", "watch", "export", "rollout", "proxy"])(
    "prints help of %s with examples, and the nearest option to an unknown one",
    async (command) => {
      const { code, out } = await called([command, "--help"]);
      expect([code, out]).toEqual([0, expect.stringMatching(/^Usage: sidelane [^]*Examples:\n {2}sidelane /)]);
      expect(await called([command, "-h"])).toMatchObject({ code: 0, out });
      expect(await called([command, "--helpp"])).toEqual({
        ...{ code: 2, out: "" },
        err: `sidelane ${command}: unknown option --helpp; did you mean --help?\n`,
      });
    },
  );

  it("prints help, and the commands, and its version", async () => {
    expect(await called(["report", "--help"])).toMatchObject({
      code: 0,
      out: expect.stringContaining("Examples:") as string,
    });
    expect(await called(["--help"])).toMatchObject({ code: 0 });
    expect((await called(["--version"])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await called([])).code).toBe(2);
  });

  it("tells by file and line what it passes over, and reports the rest", async () => {
    const { readFileSync } = await import("node:fs");
    const text = readFileSync(path("regressed"), "utf8");
    const [first, ...rest] = text.split("\n");
    writeFileSync(
      path("mixed"),
      [first, "not json", ...rest, '{"v":7,"type":"result"}', '{"v":2,"type":"tal'].join("\n"),
    );
    const { code, out, err } = await called(["report", path("mixed"), "/no/such/file"]);
    expect(code).toBe(1);
    expect(err).toContain(`${path("mixed")}:2: no whole record`);
    expect(err).toContain("there is no file /no/such/file");
    expect(out).toContain("LOST 3 lines were passed over: 2 torn or foreign, 1 of another version.");
    writeFileSync(
      path("binary"),
      Uint8Array.from({ length: 5_000 }, (_, index) => (index * 7_919) % 256),
    );
    expect(await called(["report", path("binary")])).toMatchObject({
      code: 2,
      err: expect.stringContaining("binary.ndjson") as string,
    });
    writeFileSync(path("empty"), "");
    expect((await called(["report", path("empty")])).code).toBe(3);
  });

  it("reads standard input, and writes no control character of what it read", async () => {
    await written("hostile", 20, (n) => -n, "\u001b[31mred\u0007 <b>&\u202e");
    const { readFileSync } = await import("node:fs");
    async function* stdin(): AsyncGenerator<string> {
      yield readFileSync(path("hostile"), "utf8");
    }
    const { out } = await called(["report", "-"], { stdin: stdin(), columns: 60 });
    // Its own colors are all that there is.
    expect(out.replace(/\u001b\[(?:3\d|0)m/g, "")).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202e]/);
    expect(out).toContain("red");
    const plain = await called(["report", path("hostile")], { columns: 60, env: { NO_COLOR: "1" } });
    expect(plain.out).not.toContain("\u001b");
    for (const line of plain.out.split("\n")) expect([...line].length).toBeLessThanOrEqual(60);
    const markdown = (await called(["report", path("hostile"), "--markdown"])).out;
    expect(markdown).not.toContain("<b>");
  });

  it("shows how far it is on a terminal", async () => {
    let now = 0;
    const { err } = await called(["report", path("ready")], { showsProgress: true, now: () => (now += 300) });
    expect(err).toMatch(/% of \d+\.\d MB/);
  });
});
