import { readdirSync, readFileSync } from "node:fs";

const tickMs = 10;

/** What a process and its children have used so far, as Linux tells it; memory that they share counts once. */
export function usageOf(pid: number): { readonly cpuMs: number; readonly megabytes: number } | undefined {
  let cpuMs = 0;
  let kilobytes = 0;
  for (const name of readdirSync("/proc").filter((each) => /^\d+$/.test(each))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (Number(name) !== pid && Number(fields[1]) !== pid) continue;
      cpuMs += tickMs * (Number(fields[11]) + Number(fields[12]));
      kilobytes += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${name}/smaps_rollup`, "utf8"))?.[1] ?? 0);
    } catch {
      // It has ended meanwhile.
    }
  }
  return { cpuMs, megabytes: kilobytes / 1_000 };
}
