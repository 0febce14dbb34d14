import { systemClock } from "../../model/clock.ts";

const mostSlots = 1_000_000;
// The clock is looked at each time so many slots were compared, so that small values never ask for the time.
const slotsBetweenLooks = 4_096;
/** What a caller waits for at most by default, in milliseconds: in one look, and while one value is copied. */
export const defaultCallerMs = 2;
// Listing the symbols of an object goes through all of its keys, and takes about a tenth of the time of listing those.
const symbolsToKeys = 10;

/** What one look for equality may cost: slots, which are values compared, and time, which is asked for where these are many. */
export class LookBudget {
  /** Until the clock is looked at. */
  slotsLeft = 0;
  clock: () => number = systemClock.monotonic;
  /** The look ended for its size or time, not for what it saw. */
  isCutShort = false;
  private looks = 0;
  private mostMs = defaultCallerMs;
  private deadline = 0;
  private isLate = false;

  begin(mostMs: number, clock: () => number): void {
    this.slotsLeft = slotsBetweenLooks;
    this.looks = 0;
    this.isCutShort = false;
    this.mostMs = mostMs;
    if (this.clock !== clock) this.clock = clock;
  }

  /** Called when the slots until the next look are spent; whether those of the whole or the time are, too. */
  runsOut(): boolean {
    this.isCutShort = this.timeIsUp() || this.slotsLeft < -mostSlots;
    if (this.isCutShort) return true;
    this.looks += Math.floor(-this.slotsLeft / slotsBetweenLooks);
    this.slotsLeft = slotsBetweenLooks;
    this.isCutShort = this.looks * slotsBetweenLooks > mostSlots;
    return this.isCutShort;
  }

  timeIsUp(): boolean {
    const at = this.clock();
    if (this.looks++ === 0) this.deadline = at + this.mostMs;
    this.isLate = at > this.deadline;
    return this.isLate;
  }

  /**
   * Whether the time ends with listing control's keys, those of the candidate being listed. Nothing cuts a listing short,
   * so that its time is guessed: two of one size take about the same.
   *
   * @param start when the listing of control's symbols began, which has just ended
   */
  listingEndsLate(start: number): boolean {
    const listing = (this.clock() - start) * symbolsToKeys;
    if (this.looks++ === 0) this.deadline = start - listing + this.mostMs;
    this.isLate = start + listing > this.deadline;
    return this.isLate;
  }

  /**
   * Of the last look: when its time ends, where so much had to be compared that the clock was asked, and whether it has
   * ended.
   */
  get until(): { readonly until: number | undefined; readonly isLate: boolean } {
    return this.looks === 0 ? { until: undefined, isLate: false } : { until: this.deadline, isLate: this.isLate };
  }
}
