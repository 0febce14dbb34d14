// East Asian wide and full-width characters, and pictures: https://www.unicode.org/reports/tr11/
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
const none = /\p{M}/u;

/** How many of these characters fit into so many columns of a terminal: wide ones take two, marks on others none. */
export function fittingCharacters(characters: readonly string[], columns: number): number {
  let taken = 0;
  for (const [index, character] of characters.entries()) {
    if (character >= "\u0300")
      taken +=
        wide.test(character) ? 2
        : none.test(character) ? 0
        : 1;
    else taken += 1;
    if (taken > columns) return index;
  }
  return characters.length;
}
