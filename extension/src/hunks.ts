/** A change of whole lines in a document. Offsets are in UTF-16 units, as VS Code counts. */
export interface Hunk {
  readonly id: number;
  readonly label: string; // what it is for
  readonly start: number;
  readonly end: number;
  readonly old: string;
  readonly fresh: string;
  readonly isDiscarded: boolean;
}

/** `changed`: the document now has neither the old lines nor the new ones. */
export type HunkState = 'open' | 'accepted' | 'discarded' | 'changed';

/** What replaced `rangeLength` units at `rangeOffset`. */
export interface Change {
  readonly rangeOffset: number;
  readonly rangeLength: number;
  readonly text: string;
}

/** Lines `from` up to but not including `to`, counted from 0. */
export interface Rows {
  readonly from: number;
  readonly to: number;
}

/** An open hunk in a merged text: the rows of its old lines and of its new ones. */
export interface Mark {
  readonly id: number;
  readonly label: string;
  readonly old: Rows;
  readonly fresh: Rows;
}

export interface Merged {
  readonly text: string;
  readonly marks: readonly Mark[];
}

/** Is this hunk decided by what the document has now? Undo reopens what had been accepted. */
export function stateOf(hunk: Hunk, text: string): HunkState {
  const { start, end, old, fresh } = hunk;
  if (!isWhole(text, start, end)) return 'changed';
  const now = text.slice(start, end);
  if (now === fresh) return 'accepted';
  if (now !== old) return 'changed';
  return hunk.isDiscarded ? 'discarded' : 'open';
}

/** The hunks after changes of the document, which now has `text`. */
export function moved(hunks: readonly Hunk[], changes: readonly Change[], text: string): Hunk[] {
  return hunks.map((hunk) => settled(changes.reduce(shifted, hunk), text));
}

/** The document with the new lines of every open hunk below the old ones. */
export function merged(hunks: readonly Hunk[], text: string, lineEnd: string): Merged {
  const marks: Mark[] = [];
  let [shown, row, at] = ['', 0, 0];
  const add = (part: string): Rows => {
    const from = row;
    shown += part;
    row += rowsOf(part);
    return { from, to: row + (part && !part.endsWith('\n') ? 1 : 0) };
  };
  for (const hunk of openOnes(hunks, text)) {
    add(text.slice(at, hunk.start));
    const old = add(hunk.old);
    if (hunk.old && !hunk.old.endsWith('\n')) add(lineEnd);
    marks.push({ id: hunk.id, label: hunk.label, old, fresh: add(hunk.fresh) });
    at = hunk.end;
  }
  add(text.slice(at));
  return { text: shown, marks };
}

/** The hunks that wait for a decision, in the document's order. */
export function openOnes(hunks: readonly Hunk[], text: string): Hunk[] {
  const open = hunks.filter((hunk) => stateOf(hunk, text) === 'open');
  return open.sort((one, other) => one.start - other.start);
}

/** Earlier hunks without those that later ones overlap; an insertion overlaps what it touches. */
export function besides(earlier: readonly Hunk[], later: readonly Hunk[]): Hunk[] {
  const isInsertion = (hunk: Hunk) => hunk.start === hunk.end;
  const touches = (one: Hunk, other: Hunk) =>
    isInsertion(one) || isInsertion(other)
      ? one.start <= other.end && other.start <= one.end
      : one.start < other.end && other.start < one.end;
  return earlier.filter((hunk) => !later.some((other) => touches(hunk, other)));
}

/** The hunk at a row, or else the next one, or the last. */
export function markAt({ marks }: Merged, row: number): Mark | undefined {
  return marks.find(({ fresh }) => row < fresh.to) ?? marks.at(-1);
}

/** The first hunk of the newest answer, whose ids are the greatest; else the first one. */
export function markSince({ marks }: Merged, newest: number): Mark | undefined {
  return marks.find(({ id }) => id >= newest) ?? marks[0];
}

export function withLineEnds(text: string, lineEnd: string): string {
  return text.replace(/\r\n|\r|\n/g, lineEnd);
}

function shifted(hunk: Hunk, { rangeOffset, rangeLength, text }: Change): Hunk {
  const [from, to, by] = [rangeOffset, rangeOffset + rangeLength, text.length - rangeLength];
  const { start, end } = hunk;
  const isInsertionAtStart = from === to && from === start;
  const isOwn = text === hunk.old || text === hunk.fresh;
  const pushes = isInsertionAtStart && (text.endsWith('\n') ? !(isOwn && start === end) : false);
  if (to < start || (to === start && from < start) || pushes)
    return { ...hunk, start: start + by, end: end + by };
  if (from > end || (from === end && !isInsertionAtStart)) return hunk;
  return { ...hunk, start: Math.min(start, from), end: Math.max(end, to) + by };
}

/** A hunk whose range has grown or shrunk to its lines, if they begin within it. */
function settled(hunk: Hunk, text: string): Hunk {
  if (stateOf(hunk, text) !== 'changed') return hunk;
  const near = text.slice(hunk.start, hunk.end + hunk.fresh.length);
  for (const lines of [hunk.fresh, hunk.old]) {
    const at = lines ? near.indexOf(lines) : -1;
    const [start, end] = [hunk.start + at, hunk.start + at + lines.length];
    const isWithin = at >= 0 && start < hunk.end;
    if (isWithin && isWhole(text, start, end)) return { ...hunk, start, end };
  }
  return hunk;
}

function isWhole(text: string, start: number, end: number): boolean {
  const begins = (at: number) => at === 0 || text[at - 1] === '\n';
  return begins(start) && (begins(end) || end === text.length);
}

function rowsOf(text: string): number {
  return text.split('\n').length - 1;
}
