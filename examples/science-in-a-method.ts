import { Laboratory } from "sidelane";

const lab = new Laboratory({ publishers: [({ experiment, kind, context }) => console.log(experiment, kind, context)] });

class Greeter {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  // Runs at once, and gives back what control gives: for code that needs the closures of its method.
  greet(hour: number): string {
    return lab.science("greeting", {
      control: () => `Good ${hour < 12 ? "morning" : "day"}, ${this.#name}`,
      candidate: () => `Good ${hour <= 12 ? "morning" : "day"}, ${this.#name}`,
      context: { hour },
    });
  }
}

const greeter = new Greeter("Ada");
console.log(greeter.greet(9));
console.log(greeter.greet(12));
await lab.close();
// Prints:
// Good morning, Ada
// Good day, Ada
// greeting match { hour: 9 }
// greeting mismatch { hour: 12 }
