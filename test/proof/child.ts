import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** How a process ended. */
export interface Ended {
  /** `null` where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ChildOptions {
  /** Flags of Node's own. */
  readonly flags?: readonly string[];
  /** Sends this as soon as the child has written `ready`. */
  readonly signalWhenReady?: NodeJS.Signals;
}

/** Runs a file of this folder in a process of its own. */
export function runChild(file: string, args: readonly string[] = [], options: ChildOptions = {}): Promise<Ended> {
  const { flags = [], signalWhenReady } = options;
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [...flags, "--import", "tsx", path, ...args], {
    env: { ...process.env, NODE_OPTIONS: "", SIDELANE: "" },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    if (signalWhenReady !== undefined && !stdout.includes("ready") && (stdout + chunk.toString()).includes("ready")) {
      child.kill(signalWhenReady);
    }
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}
