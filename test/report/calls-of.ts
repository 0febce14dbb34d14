/** How many calls a process makes in a minute that is killed later. */
export function callsOf(minute: number): number {
  return 1 + ((minute * 37) % 50);
}
