/** One transaction of a `memoryOutbox`. What is changed by it is undone when the work fails. */
export interface MemoryTransaction {
  /** Sets an entry of any Map: of a test's own records, too. */
  set<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void;
  /** Takes an entry out of any Map. */
  delete<Key, Value>(map: Map<Key, Value>, key: Key): void;
  /** Called when the work fails, the latest first. */
  onRollback(undo: () => void): void;
}

/** @param undos grows by what takes back each change, the latest last */
export function transactionOf(undos: (() => void)[]): MemoryTransaction {
  const remember = <Key, Value>(map: Map<Key, Value>, key: Key): void => {
    const had = map.has(key);
    const before = map.get(key) as Value;
    undos.push(() => {
      if (had) map.set(key, before);
      else map.delete(key);
    });
  };
  return {
    set(map, key, value) {
      remember(map, key);
      map.set(key, value);
    },
    delete(map, key) {
      remember(map, key);
      map.delete(key);
    },
    onRollback: (undo) => void undos.push(undo),
  };
}
