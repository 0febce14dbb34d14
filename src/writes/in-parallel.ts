/** Works on all of them, so many at once. Rejects as the first that fails, once none is being worked on. */
export async function inParallel<Each>(
  all: readonly Each[],
  atOnce: number,
  work: (each: Each) => Promise<void>,
): Promise<void> {
  let next = 0;
  const workers = Array.from({ length: Math.min(atOnce, all.length) }, async () => {
    while (next < all.length) await work(all[next++]!);
  });
  for (const settled of await Promise.allSettled(workers)) {
    if (settled.status === "rejected") throw settled.reason;
  }
}
