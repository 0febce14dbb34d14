/**
 * A statement with a `?` wherever one of its parameters is named, and the parameters in that order, some more than once: drivers of SQLite
 * disagree on what `?1` and `$1` are, and all take `?`.
 *
 * @param named what names a parameter; its first group is the number, from 1
 */
export function withQuestionMarks<Value>(
  sql: string,
  named: RegExp,
  parameters: readonly Value[],
): { readonly sql: string; readonly parameters: Value[] } {
  const inOrder: Value[] = [];
  const marked = sql.replaceAll(named, (_, number: string) => {
    inOrder.push(parameters[Number(number) - 1]!);
    return "?";
  });
  return { sql: marked, parameters: inOrder };
}
