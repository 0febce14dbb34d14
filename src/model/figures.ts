/** A whole number's digits in groups of three; `Intl` would depend on the machine. */
export function grouped(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, " ");
}

/** How many of what: `1 unit`, `2 340 units`, `3 blocks of 32 pairs`. */
export function howMany(number: number, noun: string): string {
  const plural = noun.includes(" of ") ? noun.replace(" of ", "s of ") : `${noun}s`;
  return `${grouped(Math.round(number))} ${number === 1 ? noun : plural}`;
}

/** When, in UTC, to the second. */
export function instant(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace("T", " ");
}

/** A share for people: three significant digits, and more where these would make all of what is not. */
export function percent(share: number): string {
  const whole = Number((share * 100).toPrecision(3));
  if (whole !== 100 || share >= 1) return `${whole} %`;
  // As many nines as it takes.
  const digits = Math.min(15, Math.ceil(-Math.log10(1 - share)) - 1);
  return `${Math.floor(share * 10 ** (digits + 2)) / 10 ** digits} %`;
}

/** A duration for people, in its largest unit of which there is at least one. */
export function span(durationMs: number): string {
  const units: readonly (readonly [string, number])[] = [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["min", 60_000],
    ["s", 1_000],
  ];
  for (const [unit, ms] of units) {
    if (durationMs >= ms) return `${Number((durationMs / ms).toPrecision(2))} ${unit}`;
  }
  return `${Math.ceil(durationMs)} ms`;
}
