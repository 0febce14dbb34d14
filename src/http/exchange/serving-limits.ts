/** Says when a call that nobody compares ends its wait for the candidate. */
export interface ServingLimits {
  /** The candidate's status line has to be there by then. */
  readonly timeoutMs: number;
  /** So long after control's status line at the latest, where control runs as well. */
  readonly graceMs: number;
}
