/** Runs one piece of work after the other, whether the one before succeeded or not; each caller gets its own outcome. */
export function oneAfterAnother(): <Value>(work: () => PromiseLike<Value>) => Promise<Value> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
}
