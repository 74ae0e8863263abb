// Text that is not typed again: blocks called by `/name` and the Tab key, and gaps `[…]` that the keyboard jumps to.

export interface Block {
  name: string;
  text: string;
}

export const GAP = '[…]';
const OWN = 'confrere.blocks';
const NAME = /^[\p{L}\d-]{1,24}$/u;

/** The text with the block that stands before the caret written out, and where the caret then is; `null`: there is none. */
export function expandAt(text: string, caret: number, blocks: readonly Block[]): { text: string; from: number; to: number } | null {
  const called = /(?:^|\s)\/([\p{L}\d-]{1,24})$/u.exec(text.slice(0, caret))?.[1];
  const block = called && blocks.find(one => one.name.toLowerCase() === called.toLowerCase());
  if (!block) return null;
  const start = caret - called.length - 1;
  const whole = text.slice(0, start) + block.text + text.slice(caret);
  const gap = block.text.indexOf(GAP);
  const from = gap < 0 ? start + block.text.length : start + gap;
  return { text: whole, from, to: gap < 0 ? from : from + GAP.length };
}

/** The next gap from a place on, round to the beginning. */
export function nextGap(text: string, from: number): { from: number; to: number } | null {
  const after = text.indexOf(GAP, from);
  const at = after >= 0 ? after : text.indexOf(GAP);
  return at < 0 ? null : { from: at, to: at + GAP.length };
}

/** A person's own blocks, of this browser; never of a patient. */
export function ownBlocks(): Block[] {
  try {
    const told = JSON.parse(localStorage.getItem(OWN) ?? '[]') as unknown;
    if (!Array.isArray(told)) return [];
    return told.filter(
      (one: Partial<Block> | null): one is Block => typeof one?.name === 'string' && NAME.test(one.name) && typeof one.text === 'string',
    );
  } catch {
    return [];
  }
}

export const isName = (name: string): boolean => NAME.test(name);

export function setOwnBlocks(blocks: readonly Block[]): void {
  localStorage.setItem(OWN, JSON.stringify(blocks));
}
