import { visible } from "../model/visible-text.ts";
import { readResults } from "../records/read-results.ts";
import type { PresentedResult } from "../records/record.ts";
import { explanationOf } from "../report/explanation.ts";
import { helpOf, parseArguments, UsageError, type CliOption } from "./arguments.ts";
import type { CliIo } from "./io.ts";
import { sourcesOf } from "./sources.ts";

const options: Readonly<Record<string, CliOption>> = { help: { says: "print this" } };

const help = (): string =>
  helpOf(
    "sidelane explain <files …> <signature | id>",
    "Prints one mismatch in full: the result of that id, or the first one of that signature, of which the beginning is enough.\nExits with 0, with 1 where there is none, and with 2 where it was used wrongly.",
    options,
    ["sidelane explain results.ndjson v2-fep9k2", "sidelane explain 'logs/*.ndjson' p470oo8n-11"],
  );

// A beginning that is shorter would be that of many.
const shortest = 6;

/** `sidelane explain`. @returns the code to exit with */
export async function explain(given: readonly string[], io: CliIo): Promise<number> {
  const { files, options: chosen } = parseArguments("explain", given, options);
  if (chosen["help"]) {
    io.out(help());
    return 0;
  }
  if (files.length < 2) throw new UsageError("sidelane explain: name at least one file, and a signature or an id");
  const wanted = files.at(-1)!;
  for (const { name, open } of sourcesOf(files.slice(0, -1), io, "explain")) {
    try {
      for await (const result of readResults(open(() => undefined))) {
        if (!isWanted(result, wanted)) continue;
        io.out(explanationOf(result));
        return 0;
      }
    } catch (error) {
      io.err(`sidelane: ${name} cannot be read to its end: ${visible(String(error))}\n`);
    }
  }
  io.err(`sidelane explain: no result has the id or signature ${visible(wanted)}\n`);
  return 1;
}

function isWanted({ id, candidates }: PresentedResult, wanted: string): boolean {
  if (id === wanted) return true;
  return candidates.some(({ comparison: { signature } }) => {
    if (typeof signature !== "string") return false;
    return signature === wanted || (wanted.length >= shortest && signature.startsWith(wanted));
  });
}
