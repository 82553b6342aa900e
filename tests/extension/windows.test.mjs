// The extension as it is on Windows: `process.platform` says so, and programs are scripts that tell.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { load } from './bundle.mjs';

const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'windows-')));
after(() => fs.rmSync(folder, { recursive: true }));
const isWindows = process.platform === 'win32';
const { endWhole, startChild } = await load('children.ts', { 'process.platform': '"win32"' });

test('a child is ended with all that it has started, by taskkill of the system', { skip: isWindows }, async () => {
  const told = path.join(folder, 'told');
  const taskkill = path.join(folder, 'System32/taskkill.exe');
  fs.mkdirSync(path.dirname(taskkill));
  fs.writeFileSync(taskkill, `#!/bin/sh\necho "$@" > ${told}.new; mv ${told}.new ${told}; kill -9 $2\n`, {
    mode: 0o755,
  });
  process.env.SystemRoot = folder;
  process.env.PATH = `${path.join(folder, 'evil')}${path.delimiter}${process.env.PATH}`;
  for (const leads of [true, false]) {
    const sleeper = 'setInterval(() => {}, 1000)';
    const child = await startChild([process.execPath, '-e', sleeper], folder, { leads });
    const ended = new Promise((resolve) => child.on('close', resolve));
    endWhole(child);
    await ended;
    assert.equal(fs.readFileSync(told, 'utf8'), `/pid ${child.pid} /T /F\n`);
    fs.rmSync(told);
    endWhole(child); // it has ended: nobody else who has its number by then
    assert(!fs.existsSync(told));
  }
});

test('what is started leads no group, which Windows would show in a window of its own', { skip: isWindows }, async () => {
  const child = await startChild([process.execPath, '-e', 'process.stdin.resume()'], folder, {
    leads: true,
  });
  const group = fs.readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ')[2];
  const own = fs.readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ')[2];
  assert.equal(group, own);
  const ended = new Promise((resolve) => child.on('close', resolve));
  child.stdin.end(); // the server too ends when its pipe does
  assert.equal(await ended, 0);
});
