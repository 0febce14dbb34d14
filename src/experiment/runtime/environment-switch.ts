/** What `SIDELANE` says in the environment, in letters of any size; `on` where it says nothing. */
export function environmentSwitch(): "on" | "off" | "unknown" {
  const said = setting();
  if (["off", "false", "no", "0"].includes(said)) return "off";
  return ["", "on", "true", "yes", "1"].includes(said) ? "on" : "unknown";
}

function setting(): string {
  try {
    const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
    return process?.env?.["SIDELANE"]?.trim().toLowerCase() ?? "";
  } catch {
    // A runtime may ask for a permission first, and not get it.
    return "";
  }
}
