import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Win } from "../../../src/testing/store-questions.ts";

/** Runs a script in 8 processes at once, each with a name of its own as its last argument; what each of them prints as JSON. */
export async function contendInProcesses(
  script: string,
  given: readonly string[],
): Promise<readonly (readonly Win[])[]> {
  const run = promisify(execFile);
  const names = Array.from({ length: 8 }, (_, index) => `process-${index}`);
  const ran = await Promise.all(
    names.map((name) =>
      run(process.execPath, ["--import", "tsx", script, ...given, name], { maxBuffer: 64 * 2 ** 20 }),
    ),
  );
  return ran.map(({ stdout }) => JSON.parse(stdout) as readonly Win[]);
}
