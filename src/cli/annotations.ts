import { visible } from "../model/visible-text.ts";
import type { ReportModel } from "../report/model.ts";
import { byNeed } from "../report/order.ts";
import { number, placesOf } from "../report/words.ts";

// What a step shows of each kind; more is not shown by the service.
const mostOfKind = 10;

/** Annotations of a step in GitHub Actions: an error for each candidate that regressed, a warning for each new kind of mismatch. */
export function annotationsOf(model: ReportModel): string {
  const errors: string[] = [];
  const warnings: string[] = [];
  for (const [name, { candidates }] of byNeed(model)) {
    for (const [candidate, { verdict, groups }] of Object.entries(candidates)) {
      const title = `${name}: ${candidate}`;
      if (verdict.kind === "regressed") errors.push(line("error", `${title} regressed`, verdict.why));
      for (const { isNew, version = "", count, ...group } of groups) {
        if (!isNew) continue;
        const message = `${number(count)} × ${placesOf(group)}, ${group.signature}`;
        warnings.push(line("warning", `${title} has a new kind of mismatch since ${version}`, message));
      }
    }
  }
  return [...errors.slice(0, mostOfKind), ...warnings.slice(0, mostOfKind)].join("");
}

function line(kind: "error" | "warning", title: string, message: string): string {
  // See https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
  const data = (text: string): string => visible(text).slice(0, 1_000).replace(/%/g, "%25");
  return `::${kind} title=${data(title).replace(/:/g, "%3A").replace(/,/g, "%2C")}::${data(message)}\n`;
}
