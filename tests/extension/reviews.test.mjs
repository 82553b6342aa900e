// What stands in a review when a new answer comes, and with which hunk it begins.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { load } from './bundle.mjs';

const { Reviews, shownUri } = await load('review.ts');
const { markAt, markSince, merged } = await load('hunks.ts');

const TEXT = 'a = 1\nb = 2\nc = 3\nd = 4\n';
const uri = { scheme: 'file', path: '/a.py', toString: () => 'file:///a.py' };
const shown = shownUri(uri);

let reviews;
let text;

/** A document whose changes the reviews follow. */
const document = {
  uri,
  version: 1,
  eol: 1,
  getText: (range) =>
    range ? text.slice(document.offsetAt(range.start), document.offsetAt(range.end)) : text,
  offsetAt: ({ line, character }) =>
    text
      .split(/(?<=\n)/)
      .slice(0, line)
      .join('').length + character,
  positionAt: (offset) => {
    const before = text.slice(0, offset).split('\n');
    return { line: before.length - 1, character: before.at(-1).length };
  },
};

/** Replaces lines, as a person or Undo does. */
function edited(edits) {
  const contentChanges = edits
    .map(({ range, text }) => {
      const [from, to] = [document.offsetAt(range.start), document.offsetAt(range.end)];
      return { rangeOffset: from, rangeLength: to - from, text };
    })
    .sort((one, other) => other.rangeOffset - one.rangeOffset);
  for (const { rangeOffset: at, rangeLength, text: fresh } of contentChanges)
    text = text.slice(0, at) + fresh + text.slice(at + rangeLength);
  reviews.follow({ document, contentChanges });
  return true;
}

/** An answer that changes whole lines. */
async function begin(title, ...lines) {
  const hunks = lines.map(([line, text]) => ({
    range: { start: { line, character: 0 }, end: { line: line + 1, character: 0 } },
    text,
  }));
  await reviews.begin({ title, note: '', version: null, hunks }, uri);
}

const open = () => reviews.of(shown).shown.marks;
const labels = () => open().map(({ label }) => label);
const replace = (line, text) => {
  const range = { start: { line, character: 0 }, end: { line: line + 1, character: 0 } };
  edited([{ range, text }]);
};
const decide = (how, ...at) => {
  const ids = open().map(({ id }) => id);
  return reviews[how](reviews.of(shown), at.length ? at.map((its) => ids[its]) : ids);
};

beforeEach(() => {
  text = TEXT;
  reviews = new Reviews();
  globalThis.told = { document, apply: edited, messages: [] };
});

test('what was accepted and undone does not come back with the next answer', async () => {
  await begin('Simplify', [0, 'A\n'], [1, 'B\n']);
  await decide('accept', 0);
  await decide('discard', 0);
  replace(0, 'a = 1\n');
  assert.equal(text, TEXT);
  assert.deepEqual(labels(), ['Simplify']); // where it is shown again, for no other has begun
  await begin('Fix', [3, 'D\n']);
  assert.deepEqual(labels(), ['Fix']);
  await decide('accept');
  assert.equal(text, 'a = 1\nb = 2\nc = 3\nD\n');
});

test('nor does what was undone after the next answer', async () => {
  await begin('Simplify', [0, 'A\n'], [1, 'B\n']);
  await decide('accept', 0);
  await begin('Fix', [3, 'D\n']);
  assert.deepEqual(labels(), ['Simplify', 'Fix']);
  replace(0, 'a = 1\n');
  assert.deepEqual(labels(), ['Simplify', 'Fix']);
  await decide('accept');
  assert.equal(text, 'a = 1\nB\nc = 3\nD\n');
});

test('a review whose tab was closed has ended, until it is shown again', async () => {
  await begin('Simplify', [0, 'A\n']);
  reviews.setEnded(shown, true);
  assert.deepEqual(labels(), ['Simplify']);
  await begin('Fix', [3, 'D\n']);
  assert.deepEqual(labels(), ['Fix']);
  reviews.setEnded(shown, true);
  reviews.setEnded(shown, false);
  await begin('Rename', [0, 'A2\n']);
  assert.deepEqual(labels(), ['Rename', 'Fix']);
});

test('nothing is told of suggestions that nobody waits for', async () => {
  await begin('Simplify', [0, 'A\n']);
  await decide('accept');
  replace(0, 'a = 1\n');
  replace(0, 'x = 1\n');
  assert.deepEqual(globalThis.told.messages, []);
  await begin('Fix', [3, 'D\n']);
  replace(3, 'y\n');
  assert.equal(globalThis.told.messages.length, 1);
});

test('a review begins at the first hunk of the newest answer', async () => {
  await begin('Simplify', [0, 'A\n'], [3, 'D\n']);
  await begin('Fix', [1, 'B\n'], [2, 'C\n']);
  const review = reviews.of(shown);
  assert.deepEqual(labels(), ['Simplify', 'Fix', 'Fix', 'Simplify']);
  assert.equal(markSince(review.shown, review.newest), review.shown.marks[1]);
  await decide('discard', 1, 2);
  const rest = reviews.of(shown);
  assert.equal(markSince(rest.shown, rest.newest), rest.shown.marks[0]);
});

test('the cursor is at the hunk whose rows it is in, also below lines that are only removed', () => {
  const [gone, changed] = [
    { id: 1, label: '', start: 6, end: 12, old: 'b = 2\n', fresh: '', isDiscarded: false },
    { id: 2, label: '', start: 12, end: 18, old: 'c = 3\n', fresh: 'C\n', isDiscarded: false },
  ];
  const both = merged([gone, changed], TEXT, '\n');
  for (const [row, id] of [
    [0, 1],
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 2],
  ])
    assert.equal(markAt(both, row)?.id, id, `row ${row}`);
});
