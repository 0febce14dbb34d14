import type { Laboratory } from "../../../src/experiment/laboratory.ts";

declare const lab: Laboratory;

interface User {
  readonly id: string;
}

// Nobody writes a type: what a call is begun with comes from the functions of the options.
const byInput = lab.comparison("a", { key: ({ id }: User) => id, context: ({ id }) => ({ id }) });
byInput.begin({ input: { id: "1" } }).control({ kind: "returned", value: "anything" });
// @ts-expect-error what `key` is called with is something else
byInput.begin({ input: { name: "1" } });

// What `compare` takes is what is reported.
const compared = lab.comparison("b", { compare: (control: User, candidate: User) => control.id === candidate.id });
compared.begin().candidate({ kind: "returned", value: { id: "1" } }, 5);
// @ts-expect-error not what is compared
compared.begin().candidate({ kind: "returned", value: "1" });
// @ts-expect-error no outcome
compared.begin().control({ kind: "returned" });
// @ts-expect-error no reason to fall back
compared.begin().fellBack("so");

// With `prepareComparable` the data is compared, and the values are reported.
const prepared = lab.comparison("c", {
  prepareComparable: async (response: Response) => ({ status: response.status }),
  compare: (control, candidate) => control.status === candidate.status,
  clean: ({ status }) => status,
  afterRun({ control }) {
    if (control.outcome.kind === "returned") control.outcome.value.toFixed();
  },
});
prepared.begin().control({ kind: "returned", value: new Response() });
// @ts-expect-error not what is prepared
prepared.begin().control({ kind: "returned", value: 5 });

// @ts-expect-error nothing is called
lab.comparison("d", { control: () => 1, candidate: () => 1 });

byInput
  .begin()
  .as("candidate", () => "ran")
  .toUpperCase();
