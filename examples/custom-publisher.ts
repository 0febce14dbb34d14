import { Laboratory, type Publisher } from "sidelane";

/** Counts results by experiment and kind, in the line format of StatsD. */
function statsd(send: (line: string) => void): Publisher {
  return {
    name: "statsd",
    publish({ experiment, kind, control, candidates }) {
      send(`${experiment}.${kind}:1|c`);
      for (const { name, outcome } of [control, ...candidates]) send(`${experiment}.${name}.${outcome.kind}:1|c`);
    },
  };
}

const lab = new Laboratory({ publishers: [statsd((line) => console.log(line))] });

const price = lab.experiment("price", {
  control: (quantity: number) => quantity * 4,
  candidate: (quantity: number) => (quantity >= 10 ? quantity * 3.5 : quantity * 4),
});

console.log(price(1), price(10));
await lab.close();
// Prints:
// 4 40
// price.match:1|c
// price.control.returned:1|c
// price.candidate.returned:1|c
// price.mismatch:1|c
// price.control.returned:1|c
// price.candidate.returned:1|c
