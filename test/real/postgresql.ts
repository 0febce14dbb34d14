import { spawn, spawnSync, type ChildProcess, type SpawnOptions } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "pg";

/** A PostgreSQL server of one test file's own. */
export interface RealPostgresql {
  readonly port: number;
  /** Of the server's process, as it runs now. */
  readonly pid: number;
  /** Runs statements in a process of its own, by `psql`; resolves with what that printed, tuples only. */
  psql(sql: string): Promise<string>;
  /** Ends it at once, as `kill -9` does. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with what is on the disk. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Where a program of PostgreSQL is: on the path, or where Debian puts it; `undefined` where it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  return [...versions.map((version) => join(debian, version, "bin")), ...folders]
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

const programs = { initdb: findProgram("initdb"), postgres: findProgram("postgres"), psql: findProgram("psql") };

/** Why there is no server to test with, or `undefined` where there is one. */
export const withoutPostgresql: string | undefined = Object.entries(programs)
  .filter(([, path]) => path === undefined)
  .map(([name]) => `PostgreSQL's ${name} is not installed`)[0];

// PostgreSQL refuses to run as root.
const nobody = 65_534;
const asUser: SpawnOptions = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};

/** A port of the loopback that nothing listens to. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Connections to one of its databases. A server that ends says so to those that nobody uses. */
export function poolOf(port: number, database = "postgres", max = 10): Pool {
  return new Pool({ host: "127.0.0.1", port, user: "sidelane", database, max })
    .on("error", () => undefined)
    .on("connect", (client) => client.on("error", () => undefined));
}

/** Starts a server in a temporary folder, on a free loopback port. @param isDurable whether a commit waits for the disk, as it does by default */
export async function startPostgresql({
  connections = 40,
  isDurable = false,
}: { connections?: number; isDurable?: boolean } = {}): Promise<RealPostgresql> {
  const folder = mkdtempSync(join(tmpdir(), "sidelane-postgresql-"));
  if (asUser.uid !== undefined) chownSync(folder, nobody, nobody);
  const data = join(folder, "data");
  const options = { ...asUser, cwd: folder, env: { ...process.env, LC_ALL: "C" } };
  const made = spawnSync(programs.initdb!, ["-D", data, "-U", "sidelane", "-A", "trust", "-E", "UTF8", "--no-sync"], {
    ...options,
    encoding: "utf8",
  });
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr} ${String(made.error ?? "")}`);
  const port = await freePort();
  const flags = ["-c", `fsync=${isDurable ? "on" : "off"}`, "-c", `max_connections=${connections}`];
  const run = async (): Promise<ChildProcess> => {
    const started = spawn(
      programs.postgres!,
      ["-D", data, "-h", "127.0.0.1", "-p", String(port), "-k", folder, ...flags],
      { ...options, stdio: ["ignore", "ignore", "pipe"] },
    );
    await ready(started);
    return started;
  };
  let server = await run();
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
    psql: (sql) => psql(port, sql),
    kill: () => end("SIGKILL"),
    async start() {
      // Its children end a moment after it, and none may be left.
      for (let attempt = 0; ; attempt++) {
        try {
          server = await run();
          return;
        } catch (error) {
          if (attempt >= 50) throw error;
          await sleep(100);
        }
      }
    },
    async stop() {
      await end("SIGINT");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = "";
    server.stderr!.on("data", (chunk: Buffer) => {
      log += String(chunk);
      if (log.includes("ready to accept connections")) resolve();
    });
    server.once("exit", (code) => reject(new Error(`postgres ended with ${String(code)}: ${log}`)));
  });
}

function psql(port: number, sql: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const args = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", String(port)];
    const child = spawn(programs.psql!, [...args, "-U", "sidelane", "-d", "postgres"], { env: { ...process.env } });
    let out = "";
    let errors = "";
    child.stdout.on("data", (chunk: Buffer) => (out += String(chunk)));
    child.stderr.on("data", (chunk: Buffer) => (errors += String(chunk)));
    child.once("error", reject);
    child.once("close", (code) => (code === 0 ? resolve(out.trim()) : reject(new Error(errors))));
    child.stdin.end(sql);
  });
}
