/**
 * In what order the behaviors of a call are called, each order as likely as any other.
 *
 * @param random from 0 up to 1; more leaves control first, and candidates in the order of their definition
 * @returns the candidates in their order, and how many of them are called before control
 */
export function drawOrder<Candidate>(
  candidates: readonly Candidate[],
  random: () => number,
): { readonly order: readonly Candidate[]; readonly beforeControl: number } {
  const drawn = (among: number): number => Math.min(among - 1, Math.floor(random() * among));
  const beforeControl = candidates.length - drawn(candidates.length + 1);
  const order = [...candidates];
  // Fisher and Yates: each place, from the last on, gets one of those that are left.
  for (let last = order.length - 1; last > 0; last--) {
    const place = drawn(last + 1);
    [order[last], order[place]] = [order[place]!, order[last]!];
  }
  return { order, beforeControl };
}
