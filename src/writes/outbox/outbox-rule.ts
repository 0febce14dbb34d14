import type { OptionCheck } from "../../model/check-options.ts";
import type { OptionRule } from "../../model/option-table.ts";
import type { OutboxStore } from "./store.ts";

const storeMethods = [
  ...(["prepare", "found", "fences", "enter", "changeFence", "known", "ids", "enqueue", "remember", "heads"] as const),
  ...([
    "holdHead",
    "take",
    "acknowledge",
    "postpone",
    "bury",
    "revive",
    "find",
    "count",
    "lagOf",
    "mark",
    "touched",
    "keep",
    "claim",
    "kept",
  ] as const),
  ...(["positions", "advance", "place", "note", "history", "prune"] as const satisfies readonly (keyof OutboxStore)[]),
];

/** A store with all methods of the contract. */
export const anOutbox: OptionRule = {
  takes: "an outbox, such as `postgresqlOutbox(pool)`",
  check: (check: OptionCheck, option: string, got: unknown): void => {
    check.object(option, got);
    for (const method of storeMethods) check.function(`${option}.${method}`, got[method]);
  },
};

export const anOutboxOrIntent: OptionRule = {
  takes: `${anOutbox.takes}, or "intent"`,
  check: (check, option, got) => {
    if (got !== "intent") anOutbox.check(check, option, got);
  },
};
