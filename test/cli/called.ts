import { run } from "../../src/cli/run.ts";
import type { CliIo } from "../../src/cli/io.ts";

/** Calls the command line within this process. */
export async function called(
  args: readonly string[],
  more: Partial<CliIo> = {},
): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  async function* nothing(): AsyncGenerator<string> {}
  const code = await run(args, {
    out: (text) => (out += text),
    err: (text) => (err += text),
    stdin: nothing(),
    columns: undefined,
    showsProgress: false,
    env: {},
    now: () => Date.UTC(2026, 0, 1, 1),
    ...more,
  });
  return { code, out, err };
}
