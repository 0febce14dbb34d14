import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { called } from "./called.ts";

const folder = mkdtempSync(join(tmpdir(), "sidelane-watch-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function tally(n: number, calls: number, experiment = "price", process = "p"): string {
  const from = Date.UTC(2026, 0, 1) + n * 60_000;
  const empty = { version: 2, count: 0, zero: 0, sumMs: 0, maxMs: 0, buckets: [] };
  const counts = { match: calls - 1, mismatch: 1, ignored: 0, inconclusive: 0, "timed-out": 0 };
  return `${JSON.stringify({
    ...{
      v: 2,
      type: "tally",
      process,
      n,
      from,
      to: from + 60_000,
      experiment,
      candidate: "rules",
      epoch: 0,
      served: false,
    },
    ...{ counts, candidateErrors: 0, controlErrors: 0, latency: { control: empty, candidate: empty } },
    ...{ groups: { "v2-one": 1 }, otherGroups: 0, verdict: "insufficient", mismatchUpperBound: 1, unitsMissing: 0 },
    of: { calls, started: calls, skips: {}, answered: 0, fellBack: 0, newGroups: 0, faults: {}, inFlight: 0, kept: 0 },
  })}\n`;
}

const wait = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

/** Watches while something happens to the file, and ends it then. */
async function watched(
  path: string,
  happens: () => Promise<void>,
  columns?: number,
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; out: string }> {
  let stop: () => void = () => undefined;
  let out = "";
  const running = called(["watch", path], {
    out: (text) => (out += text),
    ...{ columns, env },
    size: () => ({ ...(columns !== undefined && { columns }), rows: 12 }),
    onStop: (listener) => ((stop = listener), () => undefined),
  });
  while (out.length < 30) await wait(10);
  await happens();
  stop();
  return { code: (await running).code, out };
}

describe("sidelane watch", () => {
  it("prints lines that are others where there is no terminal, and follows growth and rotation", async () => {
    const path = join(folder, "plain.ndjson");
    writeFileSync(path, tally(1, 10));
    const { code, out } = await watched(path, async () => {
      appendFileSync(path, tally(2, 5));
      await wait(600);
      // What was written before the rotation, and after the last look, is read as well.
      appendFileSync(path, tally(3, 7));
      renameSync(path, `${path}.1`);
      writeFileSync(path, tally(4, 100) + tally(1, 3, "user", "q"));
      await wait(600);
    });
    expect(code).toBe(0);
    const lines = out.trim().split("\n");
    expect(lines[0]).toBe("price: INSUFFICIENT, 10 calls, 9 match, 1 mismatch");
    expect(out).toContain("15 calls, 13 match, 2 mismatch");
    expect(out).toContain("122 calls, 118 match, 4 mismatch");
    expect(out).toContain("user: ");
    expect(new Set(lines).size).toBe(lines.length);
    expect(out).not.toContain("\u001b");
  });

  it("draws a tree on a screen of its own, no wider than the terminal, and leaves it as it was", async () => {
    const path = join(folder, "drawn.ndjson");
    writeFileSync(path, tally(1, 10, "pri\u001b[31mce"));
    const { out } = await watched(
      path,
      async () => {
        for (let n = 2; n < 8; n++) {
          appendFileSync(path, tally(n, 10, "pri\u001b[31mce"));
          await wait(50);
        }
        await wait(400);
      },
      40,
    );
    expect(out.startsWith("\u001b[?1049h\u001b[?25l")).toBe(true);
    expect(out.endsWith("\u001b[?25h\u001b[?1049l")).toBe(true);
    const frames = out.split("\u001b[H").slice(1);
    // Six changes within 300 ms are no six frames.
    expect(frames.length).toBeLessThanOrEqual(5);
    for (const line of out.replace(/\u001b\[[?0-9]*[a-zA-Z]/g, "").split("\r\n"))
      expect([...line].length).toBeLessThanOrEqual(40);
    expect(out).toContain("└─ rules  7 mismatches");
    expect(out).toContain("   └─ 7 × v2-one");
    // Its own colors are those of verdicts.
    expect(out.replaceAll("\u001b[36m◐", "")).not.toMatch(/\u001b\[3\dm/);
  });

  it("draws stages as steps, colors verdicts unless NO_COLOR is set, keeps to wide characters, and counts what is no record", async () => {
    const path = join(folder, "stages.ndjson");
    const at = Date.UTC(2026, 0, 1);
    const stage = (name: string, share: number, epoch: number): object => ({ stage: name, share, epoch });
    const event = {
      ...{ v: 2, type: "event", kind: "advanced", experiment: "価格の比較", at, by: "ada", reason: "looked at it" },
      ...{ from: stage("shadow", 0, 1), to: stage("ramp", 0.05, 2) },
    };
    writeFileSync(path, `${tally(1, 10, "価格の比較")}not a record\n${JSON.stringify(event)}\n`);
    const colored = await watched(path, () => wait(50), 30);
    expect(colored.out).toContain("\u001b[36m◐ 価格の比較  INSUFFICIENT");
    expect(colored.out).toContain("├─ ✔ shadow  ● ramp at 5 %");
    expect(colored.out).toContain("└─ 2026-01-01 00:00 UTC adva");
    expect(colored.out).toContain("LOST 1 lines were passed");
    const plain = await watched(path, () => wait(50), 30, { NO_COLOR: "1" });
    expect(plain.out).toContain("◐ 価格の比較  INSUFFICIENT, r…");
    expect(plain.out).not.toContain("\u001b[36m");
  });

  const tmux = spawnSync("tmux", ["-V"]).status === 0;
  it.skipIf(!tmux)(
    `runs in a real terminal${tmux ? "" : " (skipped: tmux is not installed)"}`,
    { timeout: 60_000 },
    async () => {
      const path = join(folder, "real.ndjson");
      writeFileSync(path, tally(1, 10));
      const socket = `sidelane-${process.pid}`;
      const run = (...args: string[]): string =>
        spawnSync("tmux", ["-L", socket, ...args], { encoding: "utf8" }).stdout;
      const main = join(import.meta.dirname, "../../src/cli/main.ts");
      run("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "20", "sh");
      run("send-keys", `'${process.execPath}' --import tsx '${main}' watch '${path}'; echo ended=$?`, "Enter");
      const sees = async (text: string): Promise<string> => {
        for (let look = 0; look < 100; look++) {
          const seen = run("capture-pane", "-p");
          if (seen.includes(text)) return seen;
          await wait(200);
        }
        return run("capture-pane", "-p");
      };
      try {
        expect(await sees("10 calls")).toContain("└─ rules");
        renameSync(path, `${path}.1`);
        writeFileSync(path, tally(2, 15));
        expect(await sees("25 calls")).toContain("25 calls");
        run("send-keys", "q");
        const after = await sees("ended=0");
        expect(after).toContain("ended=0");
        // The screen that was there before is back.
        expect(after).not.toContain("└─ rules");
      } finally {
        run("kill-server");
      }
    },
  );

  it.each([
    [["watch"], "name one file"],
    [["watch", "a", "b"], "name one file"],
    [["watch", "/no/such/file"], "there is no file /no/such/file"],
    [["watch", tmpdir()], "is a folder"],
    [["wach"], "did you mean watch?"],
  ])("exits with 2 for %j", async (args, message) => {
    const { code, err } = await called(args);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  });

  it("prints help with examples", async () => {
    expect((await called(["watch", "--help"])).out).toContain("Examples:");
  });
});
