import { Laboratory } from "sidelane";
import { withCandidate } from "sidelane/recipes";

const lab = new Laboratory({ publishers: [({ experiment, kind }) => console.log(experiment, kind)] });

class Prices {
  readonly #netCents: number;

  constructor(netCents: number) {
    this.#netCents = netCents;
  }

  // Control is the method; the candidate is called with the same `this` and arguments.
  @withCandidate(lab, {
    name: "prices.gross",
    candidate(this: Prices, rate: number) {
      return this.#netCents + Math.round(this.#netCents * rate);
    },
  })
  gross(rate: number): number {
    return Math.floor(this.#netCents * (1 + rate));
  }
}

console.log(new Prices(1_000).gross(0.2));
console.log(new Prices(999).gross(0.05));
await lab.close();
// Prints:
// 1200
// 1048
// prices.gross match
// prices.gross mismatch
