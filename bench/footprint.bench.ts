// How much does one asynchronous call allocate, and how much later does its caller go on? Run with `npm run bench`.
import { fork } from "node:child_process";
import { once } from "node:events";

/** Bytes allocated by one call, and microtasks until its caller goes on. */
export interface Footprint {
  readonly name: string;
  readonly bytes: number;
  readonly microtasks: number;
}

export async function measureFootprint(): Promise<readonly Footprint[]> {
  const execArgv = ["--expose-gc", "--min-semi-space-size=64", "--max-semi-space-size=64"];
  const [footprints] = (await once(fork(new URL("./footprint.js", import.meta.url), { execArgv }), "message")) as [
    Footprint[],
  ];
  return footprints;
}
