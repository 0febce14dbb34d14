import { expect } from "vitest";
import { residualsOf } from "./residuals.ts";
import type { Laboratory } from "../../src/experiment/laboratory.ts";

/** Fails when a call or a result of this laboratory is unaccounted for. Holds at every moment, also in the middle. */
export function assertConserved(laboratory: Laboratory): void {
  expect(residualsOf(laboratory.status()), "calls and results that no count accounts for").toEqual({});
}
