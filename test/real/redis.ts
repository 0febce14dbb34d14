import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram, freePort } from "./postgresql.ts";

/** A Redis server of one test file's own. */
export interface RealRedis {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

const program = findProgram("redis-server");

/** Why there is no server to test with, or `undefined` where there is one. */
export const withoutRedis: string | undefined =
  program === undefined ? "Redis's redis-server is not installed" : undefined;

/** Starts a server that keeps nothing on the disk, in a temporary folder, on a free loopback port. */
export async function startRedis(): Promise<RealRedis> {
  const folder = mkdtempSync(join(tmpdir(), "sidelane-redis-"));
  const port = await freePort();
  const options = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder];
  const server = spawn(program!, options, { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise<void>((resolve, reject) => {
    let log = "";
    server.stdout.on("data", (chunk: Buffer) => {
      log += String(chunk);
      if (log.includes("Ready to accept connections")) resolve();
    });
    server.once("exit", (code) => reject(new Error(`redis-server ended with ${String(code)}: ${log}`)));
  });
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
