// A quoted key, in which parentheses mean nothing; or a group that repeats.
const repeated = /"(?:[^"\\]|\\.)*"|\(((?:[^()"]|"(?:[^"\\]|\\.)*")*)\)\+/g;

/** `$(.children[*])+.name`, any number of levels down, is `$.children[*].**.name` as a pattern. */
export function patternOf(path: string): string {
  return path.replace(repeated, (whole, inner: string | undefined) => (inner === undefined ? whole : `${inner}.**`));
}
