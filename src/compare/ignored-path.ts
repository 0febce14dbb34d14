import { parsePath } from "./paths.ts";
import type { CompiledRules } from "./rules.ts";

/** Whether rules that ignore paths ignore this one, or a part that it lies in. */
export function pathIsIgnored(path: string, rules: CompiledRules): boolean {
  let state = rules.start;
  if (state.effects.some(({ kind }) => kind === "ignore")) return true;
  for (const segment of parsePath(path)) {
    state = state.next(segment);
    if (state.effects.some(({ kind }) => kind === "ignore")) return true;
    if (state.dead) return false;
  }
  return false;
}
