import { Pool } from "pg";
import type { Crash } from "./failpoints.ts";

export interface Crasher {
  /** Crashes, where this is the point and the time to. */
  readonly point: (name: string) => Promise<void>;
  readonly end: () => Promise<void>;
}

/** What crashes a process once, when it has come to a named point for the `hit`th time. */
export function crasher(
  port: number,
  databases: readonly string[],
  { failpoint, crash, hit }: { readonly failpoint: string; readonly crash: Crash; readonly hit: number },
): Crasher {
  const admin = new Pool({ host: "127.0.0.1", port, user: "sidelane", database: "postgres", max: 1 });
  let reached = 0;
  return {
    async point(name) {
      if (name !== failpoint || ++reached !== hit) return;
      console.log(`crashes at ${name}`);
      if (crash === "kill") process.kill(process.pid, "SIGKILL");
      if (crash === "lost-answer") throw new Error("the connection was lost");
      await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY($1)", [databases]);
    },
    end: () => admin.end(),
  };
}

/** A caller that comes again with the same id until it has its answer. */
export async function insistOn(write: () => Promise<{ readonly id: string }>, tries = 100): Promise<string> {
  for (let n = 1; ; n++) {
    try {
      return (await write()).id;
    } catch (error) {
      if (n === tries) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
