/** Works on one after the other; what fails keeps none of the others from its turn. Rejects as the first that failed. */
export async function eachByItself<Each>(all: Iterable<Each>, work: (each: Each) => Promise<unknown>): Promise<void> {
  const failed: unknown[] = [];
  for (const each of all) {
    try {
      await work(each);
    } catch (error) {
      failed.push(error);
    }
  }
  if (failed.length > 0) throw failed[0];
}
