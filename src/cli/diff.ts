import { readFileSync } from "node:fs";
import { changesBetween, changesText } from "../report/changes.ts";
import type { ReportModel } from "../report/model.ts";
import { helpOf, parseArguments, UsageError, type CliOption } from "./arguments.ts";
import type { CliIo } from "./io.ts";

const options: Readonly<Record<string, CliOption>> = {
  json: { says: "print the changes as JSON" },
  help: { says: "print this" },
};

const help = (): string =>
  helpOf(
    "sidelane diff <before.json> <after.json> [options]",
    "Compares two reports that `sidelane report --json` printed: which kinds of mismatch are new (+), gone (-), or more or less\nfrequent (~), and which verdicts are others. Exits with 0, and with 2 where it was used wrongly.",
    options,
    ["sidelane diff main.json branch.json", "sidelane diff before.json after.json --json"],
  );

/** `sidelane diff`. @returns the code to exit with */
export function diff(given: readonly string[], io: CliIo): number {
  const { files, options: chosen } = parseArguments("diff", given, options);
  if (chosen["help"]) {
    io.out(help());
    return 0;
  }
  const [before, after] = files;
  if (before === undefined || after === undefined || files.length > 2) {
    throw new UsageError("sidelane diff: name two files, before and after");
  }
  const changes = changesBetween(modelIn(before), modelIn(after));
  io.out(chosen["json"] ? `${JSON.stringify(changes, null, 2)}\n` : changesText(changes));
  return 0;
}

function modelIn(path: string): ReportModel {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(
      `sidelane diff: ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})`,
    );
  }
  let model: Partial<ReportModel> | null = null;
  try {
    model = JSON.parse(text) as Partial<ReportModel> | null;
  } catch {
    // Told below.
  }
  if (typeof model !== "object" || model === null || typeof model.experiments !== "object") {
    throw new UsageError(`sidelane diff: ${path} is no report; make one with sidelane report --json`);
  }
  if (model.version !== 1)
    throw new UsageError(`sidelane diff: ${path} is a report of version ${String(model.version)}, and 1 is known`);
  return model as ReportModel;
}
