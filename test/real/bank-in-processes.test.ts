import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../src/testing/index.ts";
import { differencesBetween } from "../writes/ledger.ts";
import { postgresqlLedger } from "../writes/postgresql-ledger.ts";
import type { BankWish } from "./bank-wish.ts";
import { startPostgresql, withoutPostgresql, type RealPostgresql } from "./postgresql.ts";
import { startProxy, type Proxy } from "./proxy.ts";

const reason = withoutPostgresql === undefined ? "" : ` (skipped: ${withoutPostgresql})`;
/** By `npm run proof:bank` 60; of a normal run a draw. */
const seconds = Number(process.env["BANK_SECONDS"] ?? 8);
const isLong = process.env["BANK_SECONDS"] !== undefined;
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
/** Switches each way. */
const fewest = isLong ? 20 : 1;
const random = seededRandom(seed);
const draw = (most: number): number => Math.floor(random() * most);
const path = fileURLToPath(new URL("./bank.child.ts", import.meta.url));

/** One place for a process, in which another comes when it is killed. */
interface Place {
  readonly role: "write" | "work";
  child: ChildProcess;
  /** Whether it has run to its end. */
  ended: Promise<void>;
}

describe.skipIf(withoutPostgresql !== undefined)(`a bank under a nemesis, seed ${seed}${reason}`, () => {
  let server: RealPostgresql;
  let proxies: readonly [Proxy, Proxy];
  const folder = mkdtempSync(join(tmpdir(), "sidelane-bank-"));
  const lines: string[] = [];
  const errors: string[] = [];
  let told: BankWish = { stage: "shadow", share: 0, seed, isOver: false, isDrained: false };
  let started = 0;

  function tell(change: Partial<BankWish>): void {
    told = { ...told, ...change };
    // A reader finds the one or the other, and never half of it.
    writeFileSync(join(folder, "next.json"), JSON.stringify(told));
    renameSync(join(folder, "next.json"), join(folder, "wish.json"));
  }

  function start(role: "write" | "work" | "reconcile"): ChildProcess {
    started += 1;
    const ports = [proxies[0].port, proxies[1].port, server.port].map(String);
    const args = ["--import", "tsx", path, role, `${role}${"x".repeat(started)}`, ...ports, join(folder, "wish.json")];
    const child = spawn(process.execPath, args, { env: { ...process.env, NODE_OPTIONS: "", SIDELANE: "" } });
    let rest = "";
    child.stdout.on("data", (chunk: Buffer) => {
      const all = (rest + String(chunk)).split("\n");
      rest = all.pop()!;
      lines.push(...all);
    });
    child.stderr.on("data", (chunk: Buffer) => void errors.push(String(chunk)));
    return child;
  }

  const exitOf = (child: ChildProcess): Promise<void> => new Promise((resolve) => child.once("exit", () => resolve()));

  function place(role: "write" | "work"): Place {
    const child = start(role);
    return { role, child, ended: exitOf(child) };
  }

  /** Every process has begun that was started. */
  async function areReady(): Promise<void> {
    while (lines.filter((line) => line === "ready").length < started && errors.length === 0) await sleep(50);
  }

  const switchesTo = (side: string): readonly string[] => lines.filter((line) => line.startsWith(`switch ${side} `));

  beforeAll(async () => {
    server = await startPostgresql({ connections: 200 });
    for (const name of ["old", "new"]) await server.psql(`CREATE DATABASE ${name}`);
    // The tables are there before several processes look for them at once.
    for (const database of ["old", "new"]) {
      const ledger = await postgresqlLedger({ name: database }, { port: server.port, database });
      await ledger.close();
    }
    proxies = [await startProxy(server.port), await startProxy(server.port)];
    tell({});
  }, 60_000);
  afterAll(async () => {
    await Promise.all(proxies.map((each) => each.close()));
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it(`has the same lists of payments on both sides after ${seconds} s`, { timeout: 600_000, retry: 0 }, async () => {
    const places = [place("work"), place("work"), place("work")];
    await areReady();
    const reconciling = start("reconcile");
    await exitOf(reconciling);
    expect(lines.find((line) => line.startsWith("reconciled"))).toContain('"clean":true');
    places.push(place("write"), place("write"));
    await areReady();

    const startedAt = performance.now();
    const until = startedAt + seconds * 1_000;
    const counts = { kill: 0, stop: 0, partition: 0, wish: 0 };
    let isEven = false;
    let nextTrouble = performance.now() + 1_500;
    // A slow machine takes longer for as many switches.
    const isShort = (): boolean => Math.min(switchesTo("candidate").length, switchesTo("control").length) < fewest;
    while (errors.length === 0 && (performance.now() < until || (isShort() && performance.now() < until + 300_000))) {
      counts.wish += 1;
      isEven = !isEven;
      const side = isEven ? "candidate" : "control";
      const before = switchesTo(side).length;
      tell({ stage: "ramp", share: isEven ? 0.7 + 0.3 * random() : 0.2 * random() });
      // Until some have moved, so that they are on their way when the next trouble comes.
      const some = 2 + draw(10);
      const since = performance.now();
      while (performance.now() - since < 6_000 && switchesTo(side).length - before < some) await sleep(50);
      if (performance.now() < nextTrouble) continue;
      const victim = places[draw(places.length)]!;
      const trouble = (["kill", "stop", "partition"] as const)[draw(3)]!;
      counts[trouble] += 1;
      if (trouble === "kill") {
        victim.child.kill("SIGKILL");
        await victim.ended;
        victim.child = start(victim.role);
        victim.ended = exitOf(victim.child);
      } else if (trouble === "stop") {
        // Past every lease, and past what is heard.
        victim.child.kill("SIGSTOP");
        await sleep(3_500);
        victim.child.kill("SIGCONT");
      } else {
        const proxy = proxies[draw(2)]!;
        proxy.disturb(draw(2) === 0 ? "cut" : "black hole");
        await sleep(500 + draw(1_500));
        proxy.mend();
      }
      nextTrouble = performance.now() + 3_000 + draw(4_000);
    }
    const troubledUntil = performance.now();
    tell({ isOver: true });
    await Promise.all(places.filter(({ role }) => role === "write").map(({ ended }) => ended));
    tell({ isDrained: true });
    await Promise.all(places.map(({ ended }) => ended));
    expect(errors.join("")).toBe("");

    const control = await postgresqlLedger({ name: "old" }, { port: server.port, database: "old" });
    const candidate = await postgresqlLedger({ name: "new" }, { port: server.port, database: "new" });
    const entries = [...(await control.entries())].sort();
    const answers = new Set(lines.filter((line) => line.startsWith("booked ")).map((line) => line.slice(7)));
    const [to, back] = [switchesTo("candidate"), switchesTo("control")];
    console.log(
      `${entries.length} payments, ${to.length} switches to the candidate and ${back.length} back in ${Math.round((troubledUntil - startedAt) / 1_000)} s, ${JSON.stringify(counts)}`,
    );
    if (isLong) console.log(reasonsOf(lines));
    expect(await differencesBetween(control, candidate)).toEqual([]);
    expect([...(await candidate.entries())].sort()).toEqual(entries);
    expect(new Set(entries.map((entry) => entry.split("=")[0])).size).toBe(entries.length);
    // What a caller was told is booked, as it was told.
    expect([...answers].filter((answer) => !entries.includes(answer))).toEqual([]);
    expect(entries.length).toBeGreaterThan(seconds * 5);
    const accounts = Object.values(await control.accounts());
    expect(accounts.reduce((sum, { cents }) => sum + cents, 0)).toBe(0);
    // None while anything was on its way.
    expect([...to, ...back].filter((line) => !line.endsWith(" 0"))).toEqual([]);
    expect(Math.min(to.length, back.length)).toBeGreaterThanOrEqual(fewest);
    await control.close();
    await candidate.close();
  });
});

/** What was told, without its numbers, and how often. */
function reasonsOf(lines: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const line of lines) {
    if (!line.startsWith("event ")) continue;
    const what = line.slice(6).replaceAll(/\d+/g, "#");
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}
