import { Laboratory, memoryPublisher } from "sidelane";

async function* oldAnswer(question: string): AsyncGenerator<string> {
  for (const word of `You asked: ${question}`.split(" ")) yield word;
}

async function* newAnswer(question: string): AsyncGenerator<string> {
  for (const word of `You ask: ${question}`.split(" ")) yield word;
}

const seen = memoryPublisher();
const lab = new Laboratory({ publishers: [seen] });
const answer = lab.experiment("answer", { control: oldAnswer, candidate: newAnswer, stream: { maxItems: 500 } });

// The caller reads control's own stream, at its own pace; the candidate's is read beside it.
for await (const word of answer("what is new?")) console.log(word);

await lab.close();
const [{ comparison }] = seen.results[0]!.candidates;
if (comparison.kind === "mismatch") console.log(comparison.differences);
// Prints:
// You
// asked:
// what
// is
// new?
// [
//   { path: '$[1]', kind: 'value', control: 'asked:', candidate: 'ask:' }
// ]
