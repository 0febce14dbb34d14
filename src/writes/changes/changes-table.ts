import type { OptionCheck } from "../../model/check-options.ts";
import {
  aBoolean,
  aFunction,
  aWhole,
  orElse,
  required,
  settle,
  where,
  type OptionRule,
  type OptionTable,
} from "../../model/option-table.ts";
import { anOutbox } from "../outbox/outbox-rule.ts";
import { aRecordStore } from "../records/records-rule.ts";
import type { WritesStage } from "../stage.ts";
import type { ChangesSide } from "./changes-side.ts";

type LeftOut = "write" | "copy" | "lookup";

function isReadable(got: unknown): boolean {
  return typeof got === "function" || (typeof got === "object" && got !== null && Symbol.asyncIterator in got);
}

export const changesSideTable: OptionTable<
  Omit<ChangesSide<never, never, never, never>, LeftOut>,
  "behindMs" | "repeatable"
> = {
  changes: required(where("an async iterable, or a function `(signal) => …` that returns one", isReadable)),
  transaction: required(aFunction),
  outbox: required(anOutbox),
  read: required(aFunction),
  records: aRecordStore,
  behindMs: orElse(aWhole({ min: 1 }), 5_000),
  repeatable: orElse(aBoolean, false),
};

const leftOut = "left out where control has `changes`";
const mends: Readonly<Record<LeftOut, string>> = {
  write: "Its operations are written elsewhere, and come by `changes`",
  copy: "It never follows",
  lookup: "Nothing is written to it that could be in doubt",
};

/** A control that is followed by its changes. */
export const aSideWithChanges: OptionRule = {
  takes: "a side",
  check: (check: OptionCheck, option: string, got: unknown): void => {
    check.object(option, got);
    for (const [name, mend] of Object.entries(mends)) {
      if (got[name] !== undefined) check.fail(`${option}.${name}`, leftOut, got[name], mend);
    }
    settle(check, changesSideTable, got as never, option);
  },
};

/** Refuses what cannot be beside a control that is followed by its changes. */
export function checkBesideChanges(
  check: OptionCheck,
  {
    control,
    candidate,
    facts,
    again,
    stage,
  }: {
    readonly control: Pick<ChangesSide<never, never, never, never>, "repeatable">;
    readonly candidate: { readonly copy?: unknown };
    readonly facts?: unknown;
    readonly again?: unknown;
    readonly stage: WritesStage;
  },
): void {
  if (facts !== undefined) check.fail("facts", leftOut, facts, "Facts come with each change: `{ op, facts }`");
  if (again !== undefined) check.fail("again", leftOut, again, "Without `write` no caller comes a second time");
  if (stage !== "off" && stage !== "shadow") {
    const mend = "What writes to control asks no fence, so that control has to stay the authority";
    check.fail("rollout", 'at stage "off" or "shadow" where control has `changes`', stage, mend);
  }
  if (candidate.copy === undefined || control.repeatable === true) return;
  const mend =
    "Control's record may have changes that were not yielded yet, which would then be written twice. Where that does no harm say `control.repeatable: true`";
  check.fail("candidate.copy", leftOut, candidate.copy, mend);
}
