import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect } from "vitest";

const root = join(import.meta.dirname, "..");

/** What a program says that it prints: the lines after its last `// Prints:`. */
export function documentedOutput(source: string): string | undefined {
  const start = source.lastIndexOf("\n// Prints:\n");
  if (start < 0) return undefined;
  return source
    .slice(start + "\n// Prints:\n".length)
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/^\/\/ ?/, ""))
    .join("\n");
}

/** Runs a TypeScript file in a process of its own, from the root of the package. */
export async function runFile(
  file: string,
  args: readonly string[] = [],
  environment: NodeJS.ProcessEnv = {},
): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, ["--import", "tsx", file, ...args], {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1", SIDELANE: undefined, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const code = await new Promise<number>((resolve) => child.on("close", (status) => resolve(status ?? -1)));
  return { code, output };
}

/** `…` in `documented` stands for anything within its line. */
export function expectPrinted(output: string, documented: string): void {
  const pattern = documented
    .split("\n")
    .map((line) => line.split("…").map(escape).join("[^\\n]*"))
    .join("\n");
  if (!new RegExp(`^${pattern}$`).test(output.trimEnd())) expect(output.trimEnd()).toBe(documented);
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
