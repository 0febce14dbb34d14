import { Laboratory, memoryPublisher } from "sidelane";

interface Message {
  readonly customer: string;
  readonly cents: number;
}

const oldHandler = async ({ cents }: Message): Promise<string> => `invoice of ${cents / 100}`;
const newHandler = async ({ cents }: Message): Promise<string> => {
  if (cents < 0) throw new RangeError("a negative amount");
  return `invoice of ${cents / 100}`;
};

const seen = memoryPublisher();
const lab = new Laboratory({ publishers: [seen] });
const invoices = lab.comparison("invoices", {
  rollout: { serve: 0.5 },
  key: ({ customer }: Message) => customer,
  context: ({ customer }: Message) => ({ customer }),
});

async function outcomeOf(work: () => Promise<string>) {
  try {
    return { kind: "returned", value: await work() } as const;
  } catch (error) {
    return { kind: "threw", error } as const;
  }
}

/** One handler's invoice is sent; the other one runs beside it where the call is compared. */
async function consume(message: Message): Promise<string> {
  const call = invoices.begin({ input: message });
  const run = { control: () => oldHandler(message), candidate: () => newHandler(message) };
  const other = call.serve === "control" ? "candidate" : "control";
  const serving = await outcomeOf(() => call.as(call.serve, run[call.serve]));
  call[call.serve](serving);
  if (!call.compare && (serving.kind === "returned" || call.serve === "control")) return answer(serving);
  const beside = await outcomeOf(() => call.as(other, run[other]));
  // Of a candidate that threw it need not be said that control's answer is taken.
  call[other](beside);
  return answer(serving.kind === "threw" && call.serve === "candidate" ? beside : serving);
}

function answer(outcome: Awaited<ReturnType<typeof outcomeOf>>): string {
  if (outcome.kind === "threw") throw outcome.error;
  return outcome.value;
}

for (const customer of ["ada", "bob", "cleo", "dan"]) console.log(await consume({ customer, cents: 1250 }));
console.log(await consume({ customer: "dan", cents: -300 }));

await lab.settled();
const { matched, mismatched, served, fellBack } = lab.status().experiments["invoices"]!;
console.log({ matched, mismatched, served, fellBack });
await lab.close();
// Prints:
// invoice of 12.5
// invoice of 12.5
// invoice of 12.5
// invoice of 12.5
// invoice of -3
// { matched: 4, mismatched: 1, served: 3, fellBack: 1 }
