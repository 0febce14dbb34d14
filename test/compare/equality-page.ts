import { isDeepStrictEqual } from "node:util";
import { equals, iterableEquality } from "@jest/expect-utils";
import fastDeepEqual from "fast-deep-equal";
import lodash from "lodash";
import { compare } from "../../src/compare/index.ts";
import { readings } from "./package-rows.ts";
import { table, type Answer, type Row } from "./equality-table.ts";

const answers: Readonly<Record<"match" | "mismatch" | "ignored" | "inconclusive", Answer>> = {
  match: "equal",
  mismatch: "different",
  ignored: "different",
  inconclusive: "cannot tell",
};

/** What `compare` says, in the table's words. */
export function answerOf(control: unknown, candidate: unknown): Answer {
  return answers[compare(control, candidate).kind];
}

type Peer = (a: unknown, b: unknown) => boolean;

const peers: Readonly<Record<string, Peer>> = {
  "fast-deep-equal": fastDeepEqual,
  isDeepStrictEqual,
  "lodash isEqual": (a, b) => lodash.isEqual(a, b),
  "jest toEqual": (a, b) => equals(a, b, [iterableEquality]),
};

function say(row: Row, peer: Peer): string {
  try {
    const [a, b] = row.pair();
    const answer = peer(a, b) ? "equal" : "different";
    // "Different" is no lie about what cannot be told, only less than the truth.
    const wrong = row.answer === "equal" ? answer !== "equal" : answer === "equal";
    return wrong ? `**${answer}**` : answer;
  } catch {
    return "**throws**";
  }
}

/** What `isDeepStrictEqual` and others say is not the same on every one. */
export const nodeMajor: string = process.versions.node.split(".")[0]!;

/** The page `docs/equality.md`: every row of the table beside what others say. */
export function equalityPage(): string {
  const lines: string[] = [];
  const names = Object.keys(peers);
  const wrong = new Map(names.map((name) => [name, { equal: 0, different: 0, throws: 0 }]));
  for (const group of new Set(table.map((row) => row.group))) {
    const rows = table.filter((row) => row.group === group);
    lines.push(`## ${group}`, "", rows[0]!.reason, "");
    lines.push(`| pair | sidelane | ${names.join(" | ")} |`, `|${" --- |".repeat(names.length + 2)}`);
    for (const row of rows) {
      const said = names.map((name) => {
        const answer = say(row, peers[name]!);
        const count = wrong.get(name)!;
        if (answer.startsWith("*")) count[answer.slice(2, -2) as "equal" | "different" | "throws"]++;
        return answer;
      });
      lines.push(`| ${escape(row.about)} | ${row.answer} | ${said.join(" | ")} |`);
    }
    lines.push("");
  }
  const totals = names.map((name) => {
    const { equal, different, throws } = wrong.get(name)!;
    return `| ${name} | ${equal} | ${different} | ${throws} |`;
  });
  return [
    "# What equality means",
    "",
    "<!-- Written by `npm run docs:equality` from test/compare/equality-table.ts, which a test runs in both orders. -->",
    "",
    "`compare` answers whether a caller who reads two values could tell them apart. It has three answers, because what cannot be",
    `looked into is neither equal nor different. These are ${table.length} pairs, with our answer and that of others on Node ${nodeMajor};`,
    '**bold** is where theirs is another one (saying "different" of what cannot be told counts against no library).',
    "",
    "| of these pairs | wrongly equal | wrongly different | throws |",
    "| --- | --- | --- | --- |",
    ...totals,
    "",
    ...lines,
    ...packagesRead(),
  ].join("\n");
}

function packagesRead(): string[] {
  return [
    "## What is looked at of packages' objects",
    "",
    "A class with `toJSON()` is compared by what that returns, and by own keys, of which it may say less. Collections are known by the",
    "marks that their packages put on them. A class that is read wrongly here is read by a rule: `compare: { classes: [[Money, (it) => it.cents]] }`.",
    "",
    "| made by | `toJSON()` returns | compared by |",
    "| --- | --- | --- |",
    ...readings.map(({ name, make, looked }) => {
      const json: unknown = make().toJSON?.();
      return `| ${name} | ${json === undefined ? "" : `\`${JSON.stringify(json)}\``} | ${looked} |`;
    }),
    "",
  ];
}

function escape(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
