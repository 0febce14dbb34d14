import { createHash } from "node:crypto";
import { scripts } from "./redis-scripts.ts";

/** What is needed of a client of `redis` (node-redis 5 or 6): `createClient()` has it. */
export interface NodeRedisClient {
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): PromiseLike<unknown>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): PromiseLike<unknown>;
  wait(replicas: number, timeoutMs: number): PromiseLike<unknown>;
  duplicate(): {
    connect(): PromiseLike<unknown>;
    on(event: string, listener: (error?: unknown) => void): unknown;
    subscribe(channel: string, listener: (message: string) => void): PromiseLike<unknown>;
    destroy(): unknown;
  };
}

/** What is needed of a client of `ioredis`: `new Redis()` has it. */
export interface IoredisClient {
  evalsha(sha: string, keys: number, ...rest: string[]): PromiseLike<unknown>;
  eval(script: string, keys: number, ...rest: string[]): PromiseLike<unknown>;
  wait(replicas: number, timeoutMs: number): PromiseLike<unknown>;
  duplicate(): {
    on(event: string, listener: (...given: string[]) => void): unknown;
    subscribe(channel: string): PromiseLike<unknown>;
    disconnect(): unknown;
  };
}

const shas = new Map<string, string>();

/** By its digest, and whole where the server does not know it: after a restart, or the first time. */
export async function runScript(
  client: NodeRedisClient | IoredisClient,
  name: keyof typeof scripts,
  keys: string[],
  given: string[],
): Promise<unknown> {
  const script = scripts[name];
  const sha = shas.get(name) ?? createHash("sha1").update(script).digest("hex");
  shas.set(name, sha);
  const call = async (by: "sha" | "text"): Promise<unknown> => {
    if ("evalSha" in client) {
      const options = { keys, arguments: given };
      return by === "sha" ? client.evalSha(sha, options) : client.eval(script, options);
    }
    return by === "sha" ?
        client.evalsha(sha, keys.length, ...keys, ...given)
      : client.eval(script, keys.length, ...keys, ...given);
  };
  try {
    return await call("sha");
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
    return call("text");
  }
}

/** Which client it is; `undefined` where it is none. */
export function shaOf(client: object): "node-redis" | "ioredis" | undefined {
  const { evalSha, evalsha } = client as { evalSha?: unknown; evalsha?: unknown };
  if (typeof evalSha === "function") return "node-redis";
  return typeof evalsha === "function" ? "ioredis" : undefined;
}
