// The page of Check My Set-up: what a doctor says, as HTML in which nothing acts but our links.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './bundle.mjs';

const { checkupPage, findingsIn } = await load('checkupPage.ts');
const names = { ok: 'fine', note: 'note', trouble: 'trouble' };
const place = { style: 'vscode-resource:/media/checkup.css', source: 'vscode-resource:' };
const line = (state, text, mend = '') => ({ topic: 'Disk', state, text, mend });

test('only what a doctor prints is taken for findings', () => {
  const told = [line('ok', '4.1 GB'), line('trouble', 'full', 'herdmate models rm x')];
  assert.deepEqual(findingsIn(JSON.stringify(told)), told);
  for (const other of ['', 'Traceback', '{}', '[]', 'null', '3', '"text"', '[', undefined])
    assert.equal(findingsIn(other), undefined, other);
  const odd = findingsIn('[null, 3, {"topic": 1, "state": "odd", "text": {"a": 1}, "more": 2}]');
  assert.deepEqual(odd, Array(3).fill({ topic: '', state: 'trouble', text: '', mend: '' }));
});

test('each finding is a row with its state in words, and the command that mends it', () => {
  const told = [line('ok', 'well', 'not shown'), line('note', 'so so', 'do a'), line('trouble', 'bad', 'do b')];
  const page = checkupPage('Title', told, [['Set Up', 'herdmate.setUp']], names, place);
  assert.deepEqual(
    [...page.matchAll(/aria-label="(\w+)"/g)].map(([, name]) => name),
    ['fine', 'note', 'trouble'],
  );
  assert.deepEqual(
    [...page.matchAll(/<code>(.*?)<\/code>/g)].map(([, name]) => name),
    ['do a', 'do b'],
  );
  assert.match(page, /<a class="button" href="command:herdmate\.setUp">Set Up<\/a>/);
  const policy = "default-src 'none'; base-uri 'none'; form-action 'none'; style-src vscode-resource:";
  assert.ok(page.includes(`content="${policy}"`));
  assert.doesNotMatch(page, /<script|\son\w+=/);
});

test('what others wrote stays text', () => {
  const evil = '<script>"x" & <a href="command:evil">';
  const page = checkupPage(evil, [line('trouble', evil, evil)], [[evil, 'herdmate.setUp']], names, place);
  assert.equal(page.split('&lt;script&gt;&quot;x&quot; &amp; &lt;a href=').length, 6);
  assert.equal(page.split('command:').length, 7); // five in text, and our own
  assert.doesNotMatch(page, /<script|href="command:evil/);
});
