// Which words of a text do not stand in another, in order: the longest common sequence of words is what they share.

interface Piece {
  text: string;
  differs: boolean;
}

/** Longer texts are shown without marks: the table below grows with the product of both. */
const WORDS_MAX = 1_500;

const wordsOf = (text: string) => text.match(/\s+|[^\s]+/g) ?? [];

export function wordsThatDiffer(own: string, other: string): Piece[] {
  const [a, b] = [wordsOf(own), wordsOf(other).filter(word => word.trim() !== '')];
  if (a.length > 2 * WORDS_MAX || b.length > WORDS_MAX) return [{ text: own, differs: false }];
  const words = a.filter(word => word.trim() !== '');
  const width = b.length + 1;
  const table = new Uint16Array((words.length + 1) * width);
  const at = (row: number, column: number) => table[row * width + column] ?? 0;
  for (let row = words.length - 1; row >= 0; row -= 1) {
    for (let column = b.length - 1; column >= 0; column -= 1) {
      table[row * width + column] = words[row] === b[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const shared: boolean[] = [];
  for (let row = 0, column = 0; row < words.length; row += 1) {
    while (column < b.length && words[row] !== b[column] && at(row, column + 1) > at(row + 1, column)) column += 1;
    const isShared = column < b.length && words[row] === b[column];
    shared.push(isShared);
    if (isShared) column += 1;
  }
  const pieces: Piece[] = [];
  let word = 0;
  for (const text of a) {
    const isSpace = text.trim() === '';
    const differs = isSpace ? (pieces.at(-1)?.differs ?? false) && shared[word] === false : !shared[word++];
    const last = pieces.at(-1);
    if (last?.differs === differs) last.text += text;
    else pieces.push({ text, differs });
  }
  return pieces;
}
