/** A stream for `ndjsonPublisher` that keeps what is written to it. @param chunks where to */
export function keptText(chunks: string[]): {
  write(text: string, done: () => void): true;
  on(): undefined;
} {
  return {
    write(text, done) {
      chunks.push(text);
      done();
      return true;
    },
    on: () => undefined,
  };
}
