// After every test of the suite: no laboratory that it made has lost a call or a result uncounted.
import { afterEach, expect, vi } from "vitest";
import type * as Module from "../src/experiment/laboratory.ts";
import type { LaboratoryOptions } from "../src/experiment/define/laboratory-options.ts";
import { residualsOf } from "./proof/residuals.ts";

const { made } = vi.hoisted(() => ({ made: new Set<Module.Laboratory>() }));

vi.mock("../src/experiment/laboratory.ts", async (importOriginal) => {
  const original = await importOriginal<typeof Module>();
  return {
    ...original,
    Laboratory: class extends original.Laboratory {
      constructor(options?: LaboratoryOptions) {
        super(options);
        made.add(this);
      }
    },
  };
});

// A property test makes a laboratory a case: to look at all of them takes its time.
afterEach(() => {
  for (const laboratory of made) {
    const residuals = residualsOf(laboratory.status());
    // Told once, and not again after every test that follows.
    if (Object.keys(residuals).length > 0) made.delete(laboratory);
    expect(residuals, "calls and results that no count accounts for").toEqual({});
  }
}, 120_000);
