// What a model writes never becomes HTML, and its code stays as it is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './bundle.mjs';

const { withoutHtml, withSpaces } = await load('markdown.ts');

test('lines break between words', () => {
  const text = 'fetch&nbsp;CodeLlama&nbsp;&nbsp;7B&nbsp;\\(4.1&nbsp;GB\\).\n\nA &amp; B';
  assert.equal(withSpaces(text), 'fetch CodeLlama 7B \\(4.1 GB\\).\n\nA &amp; B');
});

test('tags become text', () => {
  assert.equal(withoutHtml('a <b onclick="x()">b</b>'), 'a &lt;b onclick="x()">b&lt;/b>');
  assert.equal(withoutHtml('<script>\nx()\n</script>'), '&lt;script>\nx()\n&lt;/script>');
  assert.equal(withoutHtml('> <img src=x>'), '> &lt;img src=x>');
  assert.equal(withoutHtml('a lone ` and <b>'), 'a lone ` and &lt;b>');
});

test('code stays as it is', () => {
  for (const text of [
    'is `a < b` and ``x ` < y`` so',
    '```html\n<b>\n```',
    '~~~\n<b>\n```\n<i>\n~~~',
    '````\n```\n<b>\n```\n````',
    '- like\n  ```ts\n  Array<T>\n  ```',
  ])
    assert.equal(withoutHtml(text), text);
  assert.equal(withoutHtml('```\n<b>\n```\n<b>'), '```\n<b>\n```\n&lt;b>');
  assert.equal(withoutHtml('`a` <b> `c <d>`'), '`a` &lt;b> `c <d>`');
});

test('a long line takes no long time', () => {
  const began = Date.now();
  withoutHtml(`${'` `` ``` '.repeat(20_000)}<b>`);
  withoutHtml('`<'.repeat(900));
  assert(Date.now() - began < 1000);
});
