// What is open, accepted or discarded of a review, whatever becomes of the document meanwhile.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './bundle.mjs';

const { besides, merged, moved, openOnes, stateOf, withLineEnds } = await load('hunks.ts');

const TEXT = 'a = 1\nif a:\n    b()\nelse:\n    c()\nd = 2\nend';

/** A hunk in TEXT, from one line up to but not including another. */
function hunk(id, text, from, to, fresh) {
  const lines = text.split(/(?<=\n)/);
  const start = lines.slice(0, from).join('').length;
  const old = lines.slice(from, to).join('');
  return { id, label: 'Simplify', start, end: start + old.length, old, fresh, isDiscarded: false };
}

/** The document and its hunks after one edit. */
function typed({ text, hunks }, from, to, fresh) {
  const changed = text.slice(0, from) + fresh + text.slice(to);
  const change = { rangeOffset: from, rangeLength: to - from, text: fresh };
  return { text: changed, hunks: moved(hunks, [change], changed) };
}

const one = hunk(1, TEXT, 1, 5, 'c() if a else b()\n');
const added = hunk(2, TEXT, 6, 6, '# the last\n');
const last = hunk(3, TEXT, 6, 7, 'the end');
const begun = { text: TEXT, hunks: [one, added] };
const states = ({ text, hunks }) => hunks.map((its) => stateOf(its, text));
const accepted = (at, { start, end, fresh }) => typed(at, start, end, fresh);

test('each hunk is accepted by itself, and undone by itself', () => {
  const first = accepted(begun, one);
  assert.deepEqual(states(first), ['accepted', 'open']);
  const both = accepted(first, first.hunks[1]);
  assert.deepEqual(states(both), ['accepted', 'accepted']);
  assert.equal(both.text, 'a = 1\nc() if a else b()\nd = 2\n# the last\nend');
  const [, its] = both.hunks;
  const undone = typed(both, its.start, its.end, its.old);
  assert.deepEqual(states(undone), ['accepted', 'open']);
  const [before] = undone.hunks;
  const back = typed(undone, before.start, before.end, before.old);
  assert.deepEqual(states(back), ['open', 'open']);
  assert.deepEqual(back.hunks, begun.hunks);
  assert.deepEqual(states(typed(back, one.start, one.end, one.fresh)), ['accepted', 'open']);
});

test('what was discarded stays so, whatever is typed elsewhere', () => {
  const at = { text: TEXT, hunks: [{ ...one, isDiscarded: true }, added] };
  assert.deepEqual(states(typed(at, 0, 0, '# new\n')), ['discarded', 'open']);
});

test('what is typed before, between and after moves them along', () => {
  let at = begun;
  for (const [place, text] of [
    [0, 'import x\n'],
    [one.start, '\n'],
    [one.end, 'x'],
    [added.start, 'more\n'],
    [TEXT.length, '!\n'],
  ])
    assert.deepEqual(states(typed(begun, place, place, text)), ['open', 'open'], text);
  at = typed(begun, 0, 5, '');
  assert.deepEqual(states(at), ['open', 'open']);
  assert.equal(at.text.slice(at.hunks[0].start, at.hunks[0].end), one.old);
});

test('what is typed inside withdraws a hunk until it is taken back', () => {
  const inside = typed(begun, one.start + 3, one.start + 3, 'not ');
  assert.deepEqual(states(inside), ['changed', 'open']);
  assert.deepEqual(states(typed(inside, one.start + 3, one.start + 7, '')), ['open', 'open']);
  const joined = typed(begun, one.start, one.start, 'x');
  assert.deepEqual(states(joined), ['changed', 'open']);
  assert.deepEqual(states(typed(joined, one.start, one.start + 1, '')), ['open', 'open']);
});

test('lines that are replaced together with others come back with them', () => {
  const gone = typed(begun, 2, one.end + 3, 'x');
  assert.equal(states(gone)[0], 'changed');
  const back = typed(gone, 2, 3, TEXT.slice(2, one.end + 3));
  assert.equal(back.text, TEXT);
  assert.equal(states(back)[0], 'open');
});

test('an editor may reduce an accepted hunk to smaller edits', () => {
  const text = 'x\nbar\ny\n';
  const its = hunk(1, text, 1, 2, 'foo bar\nbaz\n');
  const now = 'x\nfoo bar\nbaz\ny\n';
  const changes = [
    { rangeOffset: 6, rangeLength: 0, text: 'baz\n' },
    { rangeOffset: 2, rangeLength: 0, text: 'foo ' },
  ];
  const [found] = moved([its], changes, now);
  assert.equal(stateOf(found, now), 'accepted');
  assert.equal(now.slice(found.start, found.end), its.fresh);
});

test('the same lines elsewhere are never taken for those of a hunk', () => {
  const text = 'a()\nb()\nc()\n';
  const at = accepted({ text, hunks: [hunk(1, text, 0, 1, 'b()\n')] }, hunk(1, text, 0, 1, 'b()\n'));
  assert.deepEqual(states(at), ['accepted']);
  assert.deepEqual(states(typed(at, 2, 2, '1')), ['changed']);
  assert.deepEqual(states(typed(at, 0, 4, '')), ['changed']);
});

test('lines that are removed come back with undo', () => {
  const its = hunk(1, TEXT, 3, 5, '');
  const at = { text: TEXT, hunks: [its] };
  const gone = accepted(at, its);
  assert.deepEqual(states(gone), ['accepted']);
  assert.deepEqual(states(typed(gone, its.start, its.start, its.old)), ['open']);
});

test('old and new lines stand below each other', () => {
  const { text, marks } = merged([last, one], TEXT, '\n');
  assert.equal(
    text,
    'a = 1\nif a:\n    b()\nelse:\n    c()\nc() if a else b()\nd = 2\nend\nthe end',
  );
  assert.deepEqual(marks, [
    { id: 1, label: 'Simplify', old: { from: 1, to: 5 }, fresh: { from: 5, to: 6 } },
    { id: 3, label: 'Simplify', old: { from: 7, to: 8 }, fresh: { from: 8, to: 9 } },
  ]);
});

test('what is decided is shown as the document has it', () => {
  const { text, hunks } = accepted(begun, one);
  const shown = merged([hunks[0], { ...hunks[1], isDiscarded: true }], text, '\n');
  assert.deepEqual(shown, { text, marks: [] });
});

test('lines that are only added or only removed', () => {
  const rows = ({ marks: [{ old, fresh }] }) => [old, fresh];
  const [old, fresh] = rows(merged([added], TEXT, '\n'));
  assert.deepEqual([old.to - old.from, fresh], [0, { from: 6, to: 7 }]);
  const [removed, none] = rows(merged([hunk(1, TEXT, 3, 5, '')], TEXT, '\n'));
  assert.deepEqual([removed, none.to - none.from], [{ from: 3, to: 5 }, 0]);
});

test('Windows line ends stay whole', () => {
  const text = 'a\r\nb\r\nc';
  const its = hunk(1, text, 1, 2, withLineEnds('B\nB2\n', '\r\n'));
  assert.equal(merged([its], text, '\r\n').text, 'a\r\nb\r\nB\r\nB2\r\nc');
  const atEnd = hunk(2, text, 2, 3, withLineEnds('d\n', '\r\n'));
  assert.equal(merged([atEnd], text, '\r\n').text, 'a\r\nb\r\nc\r\nd\r\n');
  assert.deepEqual(states(accepted({ text, hunks: [its] }, its)), ['accepted']);
});

test('a later review of the same lines takes the place of an earlier one', () => {
  const later = hunk(9, TEXT, 2, 3, 'x\n');
  assert.deepEqual(
    besides([one, added], [later]).map(({ id }) => id),
    [2],
  );
  assert.deepEqual(
    openOnes([added, one], TEXT).map(({ id }) => id),
    [1, 2],
  );
});

test('reviews of neighbouring lines stand side by side, each decided by itself', () => {
  const above = hunk(1, TEXT, 1, 3, 'if a: b()\n');
  const below = hunk(9, TEXT, 3, 5, 'else: c()\n');
  const inserted = hunk(8, TEXT, 3, 3, '# or\n');
  for (const [earlier, later, kept] of [
    [above, below, [1]],
    [below, above, [9]],
    [above, inserted, []],
    [inserted, below, []],
  ]) {
    const ids = besides([earlier], [later]).map(({ id }) => id);
    assert.deepEqual(ids, kept);
  }
  for (const hunks of [
    [above, below],
    [below, above],
  ]) {
    const at = { text: TEXT, hunks };
    assert.equal(
      merged(hunks, TEXT, '\n').text,
      'a = 1\nif a:\n    b()\nif a: b()\nelse:\n    c()\nelse: c()\nd = 2\nend',
    );
    const first = accepted(at, hunks[0]);
    const both = accepted(first, first.hunks[1]);
    assert.equal(both.text, 'a = 1\nif a: b()\nelse: c()\nd = 2\nend');
    assert.deepEqual(states(both), ['accepted', 'accepted']);
    const [its] = both.hunks;
    assert.deepEqual(states(typed(both, its.start, its.end, its.old)), ['open', 'accepted']);
  }
});

test('whatever is typed, what is shown as old is what the document has', () => {
  let seed = 7;
  const random = (most) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % most;
  };
  for (let round = 0; round < 400; round++) {
    let at = begun;
    for (let step = 0; step < 4; step++) {
      const from = random(at.text.length + 1);
      const to = Math.min(from + random(6), at.text.length);
      at = typed(at, from, to, ['', 'x', '\n', 'y\n', 'if a:\n'][random(5)]);
      for (const its of openOnes(at.hunks, at.text)) {
        assert.equal(at.text.slice(its.start, its.end), its.old);
        assert(its.start === 0 || at.text[its.start - 1] === '\n');
      }
      const { text, marks } = merged(at.hunks, at.text, '\n');
      const rows = text.split('\n');
      for (const { old, fresh } of marks) assert(old.from <= old.to && fresh.to <= rows.length);
    }
  }
});
