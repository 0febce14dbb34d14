// How much does one asynchronous call allocate, and how much later does its caller go on? Run with `npm run bench`.
import { fork } from "node:child_process";
import { once } from "node:events";
import { comparing } from "./call.bench.ts";

/** Bytes allocated by one call, and microtasks until its caller goes on. */
export interface Footprint {
  readonly name: string;
  /** Absent where a call makes its process use AsyncLocalStorage. */
  readonly bytes: number | undefined;
  /** In a process that uses AsyncLocalStorage; absent where calls are there to avoid that. */
  readonly trackedBytes: number | undefined;
  readonly microtasks: number;
}

export async function measureFootprint(): Promise<readonly Footprint[]> {
  const footprints: Footprint[] = [];
  for (const name of Object.keys(comparing)) {
    const alone = await measure(name);
    // By itself it uses one, and needs no other beside it.
    const tracked = name === "sidelane" ? alone : await measure(name, "tracked");
    footprints.push({
      name,
      bytes: name === "sidelane" ? undefined : alone.bytes,
      trackedBytes: name.includes("trackRuns: false") ? undefined : tracked.bytes,
      microtasks: alone.microtasks,
    });
  }
  return footprints;
}

interface Measured {
  readonly bytes: number;
  readonly microtasks: number;
}

async function measure(...asked: string[]): Promise<Measured> {
  const execArgv = ["--expose-gc", "--min-semi-space-size=64", "--max-semi-space-size=64"];
  const child = fork(new URL("./footprint.js", import.meta.url), asked, { execArgv });
  const [measured] = (await once(child, "message")) as [Measured];
  return measured;
}
