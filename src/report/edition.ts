import type { Clock } from "../model/clock.ts";
import { bodyOf, pageOf } from "./html.ts";
import type { ReportModel } from "./model.ts";
import { nodesOf } from "./page-changes.ts";

/** How often one looks anew. */
export interface Pace {
  readonly clock: Clock;
  /** A look is followed by so many times what it cost, between a second and `mostMs`. */
  readonly times: number;
  readonly mostMs: number;
}

const leastMs = 1_000;
// No text of a page holds it: control characters are escaped.
const gap = "\u0000";

/** The numbers of one look, which all viewers share until it is time for the next, and the page that is made of them. */
export class Edition {
  /** Another text with other numbers. */
  readonly epoch: string;
  readonly #make: () => ReportModel;
  readonly #pace: Pace;
  #lookedAt: number;
  #costMs: number;
  #model: ReportModel | undefined;
  #pieces: readonly string[] | undefined;
  readonly #names: string[] = [];
  #page: Uint8Array<ArrayBuffer> | undefined;
  #nodes: readonly string[] | undefined;

  /** @param costMs what the look took so far */
  constructor(epoch: string, make: () => ReportModel, pace: Pace, costMs: number) {
    this.epoch = epoch;
    this.#make = make;
    this.#pace = pace;
    this.#costMs = costMs;
    this.#lookedAt = pace.clock.monotonic();
  }

  get isFresh(): boolean {
    const { clock, times, mostMs } = this.#pace;
    return clock.monotonic() - this.#lookedAt < Math.min(mostMs, Math.max(leastMs, times * this.#costMs));
  }

  get model(): ReportModel {
    return this.#timed(() => this.#made());
  }

  /** Elements and texts of the page, to see what a later one changes. */
  get nodes(): readonly string[] {
    return this.#timed(() => (this.#nodes ??= nodesOf(this.#body(() => ""))));
  }

  /** Another look found the same. @param costMs what that took */
  stays(costMs: number): void {
    this.#lookedAt = this.#pace.clock.monotonic();
    this.#costMs = costMs;
  }

  /** @param formsOf the forms of who asks; without them one page is everybody's */
  page(formsOf?: (experiment: string) => string): string | Uint8Array<ArrayBuffer> {
    return this.#timed(() => {
      if (formsOf !== undefined) return pageOf(this.#body(formsOf), "", this.epoch);
      return (this.#page ??= new TextEncoder().encode(
        pageOf(
          this.#body(() => ""),
          "",
          this.epoch,
        ),
      ));
    });
  }

  #made(): ReportModel {
    return (this.#model ??= this.#make());
  }

  /** Made once, with gaps for the forms of each experiment. */
  #body(formsOf: (experiment: string) => string): string {
    this.#pieces ??= bodyOf(this.#made(), (name) => (this.#names.push(name), gap)).split(gap);
    return this.#pieces
      .map((piece, index) => (index === 0 ? piece : formsOf(this.#names[index - 1]!) + piece))
      .join("");
  }

  #timed<Value>(make: () => Value): Value {
    const startedAt = this.#pace.clock.monotonic();
    const value = make();
    this.#costMs += this.#pace.clock.monotonic() - startedAt;
    return value;
  }
}
