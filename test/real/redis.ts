import { spawn, type ChildProcess } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram, freePort } from "./postgresql.ts";

/** A Redis server of one test file's own. */
export interface RealRedis {
  readonly port: number;
  /** Of the server's process, as it runs now. */
  readonly pid: number;
  readonly url: string;
  /** Ends it at once, as `kill -9` does. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with the dump that is in its folder. */
  start(): Promise<void>;
  /** Puts the last dump aside, and back: what was written since is lost then. */
  readonly dump: { keep(): void; restore(): void };
  stop(): Promise<void>;
}

const program = findProgram("redis-server");

/** Why there is no server to test with, or `undefined` where there is one. */
export const withoutRedis: string | undefined =
  program === undefined ? "Redis's redis-server is not installed" : undefined;

/**
 * Starts a server in a temporary folder, on a free loopback port. It writes a dump where it is told to, by `SAVE`.
 *
 * @param options of the command line
 */
export async function startRedis(options: readonly string[] = []): Promise<RealRedis> {
  const folder = mkdtempSync(join(tmpdir(), "sidelane-redis-"));
  const port = await freePort();
  const of = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder];
  const dump = join(folder, "dump.rdb");
  let server = await started([...of, ...options]);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill(signal);
    await ended;
  };
  return {
    port,
    get pid() {
      return server.pid!;
    },
    url: `redis://127.0.0.1:${port}`,
    kill: () => end("SIGKILL"),
    async start() {
      server = await started([...of, ...options]);
    },
    dump: {
      keep: () => copyFileSync(dump, `${dump}.kept`),
      restore: () => copyFileSync(`${dump}.kept`, dump),
    },
    async stop() {
      await end("SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function started(options: readonly string[]): Promise<ChildProcess> {
  const server = spawn(program!, options, { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise<void>((resolve, reject) => {
    let log = "";
    server.stdout.on("data", (chunk: Buffer) => {
      log += String(chunk);
      if (log.includes("Ready to accept connections")) resolve();
    });
    server.once("exit", (code) => reject(new Error(`redis-server ended with ${String(code)}: ${log}`)));
  });
  return server;
}
