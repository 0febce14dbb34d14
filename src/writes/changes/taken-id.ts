import type { OutboxEntry } from "../outbox/store.ts";

const suffixOf = (digest: string): string => `#${digest.slice(0, 16)}`;

/** What an operation is kept under whose own id is another's already. */
export function besideTaken({ id, digest }: Pick<OutboxEntry, "id" | "digest">): string {
  return `${id}${suffixOf(digest)}`;
}

/** The id that an operation came under and that was another's; `undefined` where it was its own. */
export function takenIdOf({ id, digest }: Pick<OutboxEntry, "id" | "digest">): string | undefined {
  const suffix = suffixOf(digest);
  return id.endsWith(suffix) ? id.slice(0, -suffix.length) : undefined;
}
