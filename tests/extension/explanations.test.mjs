// The last explanations: what streams into which, and which one is shown.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './bundle.mjs';

const { Explanations } = await load('explanations.ts');

const RANGE = { start: { line: 0, character: 0 }, end: { line: 1, character: 0 } };

function part(id, text, more = {}) {
  return { id, title: `title of ${id}`, uri: 'file:///a.py', text, ...more };
}

function whole(all, id, text, more = {}) {
  all.append(part(id, '', { progress: 'Reading 2 lines…' }));
  all.append(part(id, text));
  all.append(part(id, '', { done: true, next: { uri: 'file:///a.py', range: RANGE }, ...more }));
}

test('an explanation says what is done until its text comes', () => {
  const all = new Explanations();
  assert.equal(all.shown, undefined);
  assert(all.append(part('one', '', { progress: 'Reading 2 lines…' })));
  assert.equal(all.shown.progress, 'Reading 2 lines…');
  assert(!all.append(part('one', 'It ')));
  assert(!all.append(part('one', 'sums.')));
  assert.deepEqual([all.shown.progress, all.shown.text], ['', 'It sums.']);
  assert.deepEqual(all.unfinished(), ['one']);
  all.append(part('one', '', { done: true, stopped: true, error: 'It was stopped.' }));
  assert.deepEqual([all.shown.text, all.shown.error], ['It sums.', 'It was stopped.']);
  assert.deepEqual(all.unfinished(), []);
});

test('one goes back and forth, and what streams meanwhile stays where it belongs', () => {
  const all = new Explanations();
  whole(all, 'one', 'first');
  all.append(part('two', 'sec'));
  assert.deepEqual(all.place, [2, 2]);
  all.go(-1);
  assert(!all.append(part('two', 'ond', { done: true })));
  assert.equal(all.shown.text, 'first');
  all.go(-1);
  assert.equal(all.shown.text, 'first');
  all.go(1);
  assert.equal(all.shown.text, 'second');
  all.go(5);
  assert.deepEqual(all.place, [2, 2]);
});

test('a question goes on in the same place and can be asked again', () => {
  const all = new Explanations();
  whole(all, 'one', 'first');
  whole(all, 'two', 'because', { question: 'why\nso?', next: null, error: 'It failed.' });
  assert.deepEqual(all.place, [2, 2], 'nobody knew yet that it is a question');
  all.go(-1);
  all.append(part('three', '', { question: 'why\nso?', progress: 'Reading the question…' }));
  assert.deepEqual(all.place, [1, 2]);
  all.append(part('three', 'because', { question: 'why\nso?' }));
  assert.equal(all.shown.text, 'first\n\n---\n\n> why so?\n\nbecause');
  all.append(part('three', '', { done: true, error: 'It failed.', next: null }));
  assert(all.shown.next, 'a failed question cannot be asked again');
});

test('a question about another file is an explanation of its own', () => {
  const all = new Explanations();
  whole(all, 'one', 'first');
  all.append(part('two', 'so', { question: 'why?', uri: 'file:///b.py' }));
  assert.deepEqual([all.place, all.shown.text], [[2, 2], 'so']);
});

test('what the server did not complete ends with it', () => {
  const all = new Explanations();
  whole(all, 'one', 'first');
  all.append(part('two', 'sec'));
  all.end('The server stopped.');
  assert.deepEqual([all.shown.text, all.shown.error], ['sec', 'The server stopped.']);
  assert.deepEqual(all.unfinished(), []);
  all.go(-1);
  assert.equal(all.shown.error, '');
});

test('only the last ones are kept', () => {
  const all = new Explanations();
  for (let number = 0; number < 30; number++) whole(all, `${number}`, `text ${number}`);
  assert.deepEqual(all.place, [20, 20]);
  all.go(-100);
  assert.equal(all.shown.text, 'text 10');
});
