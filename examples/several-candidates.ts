import { Laboratory } from "sidelane";

const lab = new Laboratory({
  publishers: [
    ({ kind, candidates }) => {
      console.log(kind, Object.fromEntries(candidates.map(({ name, comparison }) => [name, comparison.kind])));
    },
  ],
});

const sortNames = lab.experiment("sort-names", {
  control: (names: readonly string[]) => [...names].sort((a, b) => a.localeCompare(b, "en")),
  candidates: {
    collator: (names) => [...names].sort(new Intl.Collator("en").compare),
    plain: (names) => [...names].sort(),
    broken: () => {
      throw new Error("not written yet");
    },
  },
});

console.log(sortNames(["zoe", "Émile", "Bob"]));
await lab.close();

const { calls, compared, matched, mismatched } = lab.status().experiments["sort-names"]!;
console.log({ calls, compared, matched, mismatched });
// Prints:
// [ 'Bob', 'Émile', 'zoe' ]
// mismatch { collator: 'match', plain: 'mismatch', broken: 'mismatch' }
// { calls: 1, compared: 1, matched: 0, mismatched: 1 }
