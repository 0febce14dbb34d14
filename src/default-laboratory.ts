import { Laboratory } from "./experiment/laboratory.ts";
import type { ExperimentMaker, ScienceMaker } from "./experiment/define/definition.ts";
import { consolePublisher } from "./publishers/console.ts";

let made: Laboratory | undefined;

/** The laboratory of the bare `experiment` and `science`: prints mismatches, with their values, at a bounded rate. */
export function defaultLaboratory(): Laboratory {
  // Made when first needed, so that importing the package does nothing.
  return (made ??= new Laboratory({ publishers: [consolePublisher({ values: "shown" })] }));
}

/**
 * Wraps a control in the default laboratory. The function that is returned has control's own type, and returns what control returns.
 *
 * @throws {SidelaneError} `invalid-definition` or `name-taken`
 * @example experiment("double", { control: (n: number) => n * 2, candidate: (n) => n + n })(21) // => 42
 */
export const experiment: ExperimentMaker = ((name: string, definition: never) =>
  defaultLaboratory().experiment(name, definition)) as ExperimentMaker;

/**
 * Runs an experiment of the default laboratory once, at once, and returns what control returns.
 *
 * @throws {SidelaneError} `invalid-definition` or `name-taken`, when the first call under this name is wrong
 * @example science("double", { control: () => 21 * 2, candidate: () => 21 + 21 }) // => 42
 */
export const science: ScienceMaker = ((name: string, definition: never) =>
  defaultLaboratory().science(name, definition)) as ScienceMaker;
