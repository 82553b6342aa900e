// What keeps every day smooth: short messages, a server that dies, two windows that set it up.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { load } from './bundle.mjs';

const { ofInstaller, shortened } = await load('shortened.ts');
const { tell } = await load('messages.ts');
const { Deaths } = await load('deaths.ts');
const { alone } = await load('lock.ts');
const { logLine } = await load('logLine.ts');

test('a line of the log has one time and the level that it was written with', () => {
  const line = (level) => `2026-11-29 22:00:00,123 ${level} herdmate.lsp: a 12:00 b`;
  assert.deepEqual(logLine(line('INFO')), ['info', 'herdmate.lsp: a 12:00 b']);
  assert.deepEqual(logLine(line('WARNING')), ['warn', 'herdmate.lsp: a 12:00 b']);
  assert.deepEqual(logLine(line('ERROR')), ['error', 'herdmate.lsp: a 12:00 b']);
  assert.deepEqual(logLine('engine: loaded'), ['info', 'engine: loaded']);
  assert.deepEqual(logLine(''), ['info', '']);
});

for (const [message, short] of [
  ['The model is ready.', 'The model is ready.'],
  ['Two lines\n  become one.', 'Two lines become one.'],
  [`It failed. ${'And so on '.repeat(40)}.`, 'It failed.'],
  [`One. Two. ${'x'.repeat(300)}`, 'One. Two.'],
  ['word '.repeat(80).trim(), `${'word '.repeat(48).trim()}…`],
  ['/a/b'.repeat(100), `${'/a/b'.repeat(60)}…`],
  [`Version 1.2 of ${'a/b.c '.repeat(60)}`, /^Version 1\.2 of (a\/b\.c )+a\/b\.c…$/],
  [`它不适合。${'长'.repeat(400)}`, /^它不适合。长+…$/],
])
  test(`what is shown of ${JSON.stringify(message.slice(0, 20))}`, () => {
    const found = shortened(message);
    assert(found.length <= 241, `${found.length} characters`);
    if (typeof short === 'string') assert.equal(found, short);
    else assert.match(found, short);
  });

const LONG = 'There was no ghost text: the model was not sure enough (herdmate.completion.confidence).';
const VERY_LONG = `It failed. ${'And so on '.repeat(40)}.`;

for (const [kind, message, ...shown] of [
  ['information', 'There is nothing to refactor here; select some code first.'],
  ['information', LONG, LONG, 'OK'],
  ['error', LONG, LONG, 'OK'],
  ['warning', VERY_LONG, 'It failed.', 'Details'],
])
  test(`what is longer than a line has a button: ${message.slice(0, 20)}, ${kind}`, async () => {
    const all = [];
    globalThis.told = {
      show: (...its) => {
        all.push(its);
        return its.at(-1) === 'Details' ? 'Details' : undefined;
      },
    };
    await tell(kind, message);
    assert.deepEqual(all[0], [kind, ...(shown.length ? shown : [message])]);
    const whole = ['information', 'Herdmate', { modal: true, detail: message }];
    assert.deepEqual(all.slice(1), shown.includes('Details') ? [whole] : []);
  });

test('what an installer says names no file and no wheel', () => {
  const asked = '(from -r /home/me/.vscode/extensions/herdmate/locked/server.txt (line 1))';
  assert.equal(ofInstaller(`Collecting attrs==25.4.0 ${asked}`), 'Collecting attrs==25.4.0');
  const wheel = 'wcwidth-0.9.4-cp310-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl';
  assert.equal(ofInstaller(`Downloading ${wheel} (67 kB)`), 'Downloading wcwidth 0.9.4 (67 kB)');
  const several = 'Installing collected packages: wcwidth, tree-sitter';
  assert.equal(ofInstaller(several), several);
  assert.equal(ofInstaller('x'.repeat(300)).length, 80);
});

test('a server that dies is started again ever later, and at last no more', () => {
  const deaths = new Deaths();
  const waits = [0, 1000, 2000, 3000].map((now) => deaths.next(now));
  assert.deepEqual(waits, [500, 2000, 5000, undefined]);
  assert.equal(deaths.next(3000 + 5 * 60_000), 500); // long after
});

test('only the first death of several is told, and a start by the user forgets all', () => {
  const deaths = new Deaths();
  const told = [0, 1000, 2000].map((now) => deaths.next(now) !== undefined && deaths.isFirst);
  assert.deepEqual(told, [true, false, false]);
  deaths.forget();
  deaths.next(3000);
  assert(deaths.isFirst);
});

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'lock-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

test('of two windows one waits until the other is done, and says so once', async () => {
  const lock = path.join(folder, 'both');
  const seen = [];
  let release;
  const done = new Promise((resolve) => {
    release = resolve;
  });
  const first = alone(lock, assert.fail, () => false, async () => {
    seen.push('first begins');
    await done;
    seen.push('first ends');
  });
  const second = alone(
    lock,
    () => {
      seen.push('second waits');
      release();
    },
    () => false,
    async () => seen.push('second begins'),
  );
  await Promise.all([first, second]);
  assert.deepEqual(seen, ['first begins', 'second waits', 'first ends', 'second begins']);
  assert(!fs.existsSync(lock));
});

test('work that fails leaves no lock, and the lock of a window that died is taken', async () => {
  const lock = path.join(folder, 'dead');
  const fails = alone(lock, assert.fail, () => false, () => Promise.reject(new Error('no')));
  await assert.rejects(fails, /no/);
  assert(!fs.existsSync(lock));
  fs.mkdirSync(lock);
  fs.utimesSync(lock, new Date(0), new Date(0));
  assert.equal(await alone(lock, () => {}, () => false, async () => 7), 7);
});

test('a window that beats again after this machine has slept keeps its lock', async () => {
  const lock = path.join(folder, 'slept');
  fs.mkdirSync(lock);
  fs.utimesSync(lock, new Date(0), new Date(0));
  let asked = 0;
  const isCancelled = () => {
    asked += 1;
    if (asked === 2) fs.utimesSync(lock, new Date(), new Date()); // its beat
    return asked === 4;
  };
  await assert.rejects(alone(lock, () => {}, isCancelled, assert.fail), /cancelled/);
  assert(fs.existsSync(lock), 'it belongs to another window');
});

test('who waits can be cancelled', async () => {
  const lock = path.join(folder, 'held');
  fs.mkdirSync(lock);
  const waits = alone(lock, () => {}, () => true, assert.fail);
  await assert.rejects(waits, /cancelled/);
  assert(fs.existsSync(lock), 'it belongs to another window');
});

test('a window that was taken for dead leaves the lock to the one that took it', async () => {
  const lock = path.join(folder, 'lost');
  await alone(lock, assert.fail, () => false, async () => {
    fs.rmSync(lock, { recursive: true });
    await new Promise((resolve) => setTimeout(resolve, 50)); // until the clock has gone on
    fs.mkdirSync(lock);
  });
  assert(fs.existsSync(lock), 'it belongs to another window');
});
