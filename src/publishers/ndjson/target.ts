/** Where lines go. */
export interface Target {
  /** Writes whole lines, each of which ends with a line feed; rejects when they were not written. */
  write(lines: string): Promise<void>;
  close(): Promise<void>;
}
