/** What a collection holds, as data: each of these is compared, one after another. */
export type Contents = readonly unknown[];

const sealed = new WeakMap<object, Contents>();

/** Makes a copy of a collection answer with what its original held. */
export function sealContents(copy: object, contents: Contents): void {
  sealed.set(copy, contents);
}

/**
 * What a collection of Immutable or MobX holds, told by the marks that these packages put on their classes; `undefined` for
 * everything else, and for sequences without end. Their own keys are trees, hashes and names that equal ones do not share,
 * and what `toJSON()` returns has an order that theirs is not.
 *
 * @throws what their methods throw
 */
export function contentsOf(value: object): Contents | undefined {
  const known = sealed.get(value);
  if (known !== undefined) return known;
  const it = value as unknown as Collection;
  if (it.isMobXObservableMap === true) return keyed(it);
  if (it.isMobXObservableSet === true) return [new Set(it.values())];
  if (it["@@__IMMUTABLE_RECORD__@@"] === true) return [it.toJSON()];
  if (it["@@__IMMUTABLE_ITERABLE__@@"] !== true || it.size === Infinity) return undefined;
  const isOrdered = it["@@__IMMUTABLE_ORDERED__@@"] === true;
  if (it["@@__IMMUTABLE_KEYED__@@"] === true) return isOrdered ? [...keyed(it), [...it.keys()]] : keyed(it);
  return [isOrdered || it["@@__IMMUTABLE_INDEXED__@@"] === true ? [...it.values()] : new Set(it.values())];
}

interface Collection extends Iterable<unknown> {
  readonly isMobXObservableMap?: unknown;
  readonly isMobXObservableSet?: unknown;
  readonly "@@__IMMUTABLE_ITERABLE__@@"?: unknown;
  readonly "@@__IMMUTABLE_KEYED__@@"?: unknown;
  readonly "@@__IMMUTABLE_INDEXED__@@"?: unknown;
  readonly "@@__IMMUTABLE_ORDERED__@@"?: unknown;
  readonly "@@__IMMUTABLE_RECORD__@@"?: unknown;
  readonly size?: unknown;
  keys(): Iterable<unknown>;
  values(): Iterable<unknown>;
  entries(): Iterable<[unknown, unknown]>;
  toJSON(): unknown;
}

/** Keys that are texts are written in paths as those of objects are. */
function keyed(collection: Collection): Contents {
  const entries = [...collection.entries()];
  return [entries.every(([key]) => typeof key === "string") ? Object.fromEntries(entries) : new Map(entries)];
}
