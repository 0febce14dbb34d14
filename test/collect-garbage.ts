import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What `--expose-gc` gives, without the flag. */
export function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}
