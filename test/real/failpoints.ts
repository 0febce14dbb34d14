/** Where a crash may come in parallel writes, in the order of an operation's way. */
export const failpoints = [
  "write.before-fence",
  "write.after-fence",
  "write.after-write",
  "write.after-enqueue",
  "write.after-commit",
  "work.after-take",
  "follow.after-write",
  "follow.after-advance",
  "follow.after-commit",
  "work.after-acknowledge",
] as const;

export type Failpoint = (typeof failpoints)[number];

/** How it comes: the process is killed; a statement's answer is lost; the database ends all connections. */
export const crashes = ["kill", "lost-answer", "terminate-backend"] as const;

export type Crash = (typeof crashes)[number];

/** Where it may come beside a side without transactions. */
export const intentFailpoints = ["intent.after-intent", "intent.after-write", "intent.after-result"] as const;

export type IntentFailpoint = (typeof intentFailpoints)[number];

/**
 * Where it may come while the authority of a bucket moves, in the order of a move; and of one that is called back, because following failed or
 * because a record was found that differs.
 */
export const switchFailpoints = [
  "switch.before-moving",
  "switch.after-moving",
  "switch.in-drain",
  "switch.before-recheck",
  "switch.before-commit-point",
  "switch.in-commit-point",
  "switch.between-commits",
  "switch.in-old-commit",
  "switch.after-old-commit",
  "back.before-raise",
  "back.after-raise",
  "back.after-release",
  "found.before-raise",
  "found.after-raise",
  "found.after-release",
] as const;

export type SwitchFailpoint = (typeof switchFailpoints)[number];
