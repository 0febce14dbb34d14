import { environmentVariable } from "../../model/runtime.ts";

/** What `SIDELANE` says in the environment, in letters of any size; `on` where it says nothing. */
export function environmentSwitch(): "on" | "off" | "unknown" {
  const said = environmentVariable("SIDELANE")?.trim().toLowerCase() ?? "";
  if (["off", "false", "no", "0"].includes(said)) return "off";
  return ["", "on", "true", "yes", "1"].includes(said) ? "on" : "unknown";
}
