import { expect, it } from "vitest";
import { subjects, type Subject } from "./subjects.ts";

// What users write by mistake, in place of anything else.
const mistakes: readonly (readonly [string, unknown])[] = [
  ["null", null],
  ["5", 5],
  ["-1", -1],
  ["1.5", 1.5],
  ["NaN", NaN],
  ["true", true],
  ['"nonsense"', "nonsense"],
  ['""', ""],
  ["[]", []],
  ["[5]", [5]],
  ["{}", {}],
  ["{ nonsense }", { nonsense: 1 }],
  ["() => 5", () => 5],
];

function sentence({ make }: Subject, options: unknown): string {
  try {
    make(options as never);
    return "(taken)";
  } catch (error) {
    const { name, code, message } = error as { name: string; code?: string; message: string };
    return code === undefined ? `${name}: ${message}` : message;
  }
}

/** Mistakes with the same sentence share a line. */
function page(subject: Subject): string {
  const tell = (options: unknown) => sentence(subject, options).replaceAll("\n", "⏎");
  const lines = [
    `## ${subject.name}`,
    `no object: ${tell(5)}`,
    `a list: ${tell([])}`,
    `nothing: ${tell({})}`,
    `nonsense: ${tell({ ...subject.right, nonsense: 1 })}`,
    ...subject.options.map(
      (name) => `${name}z: ${tell({ ...subject.right, [`${name}z`]: 1 }).replace(/ Known .*/, "")}`,
    ),
  ];
  for (const name of subject.options) {
    const said = new Map<string, string[]>();
    for (const [text, value] of mistakes) {
      const told = tell({ ...subject.right, [name]: value }).replace(
        /, got (?!.*, got ).*?(?=\.(?:\s|$)|$)/,
        ", got …",
      );
      said.set(told, [...(said.get(told) ?? []), text]);
    }
    for (const [told, texts] of said) lines.push(`${name}: ${texts.join(" | ")} → ${told}`);
  }
  return lines.join("\n");
}

it("says the same of every mistyped option as before", async () => {
  await expect(`${subjects.map(page).join("\n\n")}\n`).toMatchFileSnapshot("sentences.txt");
});
