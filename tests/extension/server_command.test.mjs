// The command that starts the server, and the processes that are started.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { load } from './bundle.mjs';

const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'command-')));
const repo = path.join(folder, 'repo');
const bin = path.join(folder, 'bin');
for (const at of [path.join(repo, '.venv/bin'), bin]) fs.mkdirSync(at, { recursive: true });
const program = (file) => fs.writeFileSync(file, '#!/bin/sh\n', { mode: 0o755 });
for (const at of [repo, path.join(repo, '.venv/bin')]) {
  program(path.join(at, 'herdmate'));
  program(path.join(at, 'python'));
}
process.env.PATH = ['', '.', repo, path.join(repo, '.venv/bin'), bin].join(path.delimiter);
process.chdir(repo);
after(() => {
  process.chdir(os.tmpdir());
  fs.rmSync(folder, { recursive: true });
});

const { serverCommand, MissingServerError } = await load('serverCommand.ts');
const { startChild, startedWithin, outputWithin, NoAnswerError, endWhole, neutralFolder } =
  await load('children.ts');
const log = { warn: () => {} };

function vscode(isTrusted, { command = [], python } = {}) {
  const inspect = (name) => ({ globalValue: name === 'herdmate.server.command' && command });
  const values = { herdmate: { server: { command } }, 'python.defaultInterpreterPath': python };
  globalThis.told = { isTrusted, inspect, folders: [repo], get: (name) => values[name] };
}

const missing = (name) => (error) => error instanceof MissingServerError && error.program === name;

test('a herdmate of the workspace is not taken from the PATH', async () => {
  for (const isTrusted of [true, false]) {
    vscode(isTrusted);
    await assert.rejects(() => serverCommand(log, async () => undefined), missing(''));
    assert.deepEqual(await serverCommand(log, async () => '/own'), ['/own']);
  }
  program(path.join(bin, 'herdmate'));
  assert.deepEqual(await serverCommand(log, async () => undefined), [path.join(bin, 'herdmate')]);
});

test('an interpreter counts where the workspace is trusted, and by an absolute path', async () => {
  const python = path.join(repo, '.venv/bin/python');
  vscode(true, { python });
  assert.deepEqual(await serverCommand(log, async () => '/own'), [
    path.join(repo, '.venv/bin/herdmate'),
  ]);
  vscode(false, { python });
  assert.deepEqual(await serverCommand(log, async () => '/own'), ['/own']);
  for (const relative of ['python', './python', '.venv/bin/python', '']) {
    vscode(true, { python: relative });
    assert.deepEqual(await serverCommand(log, async () => '/own'), ['/own'], relative);
  }
});

test('a command that the user names is started by its absolute path', async () => {
  const start = () => serverCommand(log, async () => '/own');
  vscode(false, { command: ['/any/where', '-x'] });
  assert.deepEqual(await start(), ['/any/where', '-x']);
  vscode(true, { command: ['python', '-m', 'herdmate'] });
  await assert.rejects(start, missing('python')); // only the workspace has one
  program(path.join(bin, 'python'));
  assert.deepEqual(await start(), [path.join(bin, 'python'), '-m', 'herdmate']);
  vscode(true, { command: ['.venv/bin/herdmate'] });
  assert.deepEqual(await start(), [path.join(repo, '.venv/bin/herdmate')]);
  vscode(false, { command: ['.venv/bin/herdmate'] });
  await assert.rejects(start, MissingServerError);
});

test('a child works in a neutral folder, safe of modules there and without the key', async () => {
  const keys = ['HERDMATE_API_KEY', 'HERDMATE_COMPLETION_API_KEY'];
  for (const key of keys) process.env[key] = process.env[`${key}_ORIGIN`] = 'secret';
  const storage = path.join(folder, 'storage/herdmate');
  const cwd = neutralFolder({ globalStorageUri: { fsPath: storage }, extensionPath: '/extension' });
  assert.equal(cwd, storage);
  const words = 'process.cwd(), process.env.PYTHONSAFEPATH, process.env.HERDMATE_API_KEY ?? Object.values(process.env).includes("secret")';
  const argv = [process.execPath, '-e', `console.log(${words})`];
  assert.equal(await said(argv, cwd), `${storage} 1 false\n`);
  const variables = { HERDMATE_API_KEY: 'other' };
  assert.equal(await said(argv, cwd, { variables }), `${storage} 1 other\n`);
  await assert.rejects(() => startChild(['/no/such/program'], cwd));
});

test('where no storage can be made children work in the folder of the extension', () => {
  fs.writeFileSync(path.join(folder, 'file'), '');
  const fsPath = path.join(folder, 'file', 'storage');
  const context = { globalStorageUri: { fsPath }, extensionPath: '/extension' };
  assert.equal(neutralFolder(context), '/extension');
});

test('a program that leads is ended with what it has started, one that does not alone', async () => {
  const sleeper = 'setInterval(() => {}, 1000)';
  for (const leads of [true, false]) {
    const child = await startChild([process.execPath, '-e', sleeper], folder, { leads });
    const ended = new Promise((resolve) => child.on('close', (_code, signal) => resolve(signal)));
    endWhole(child, 'SIGKILL');
    assert.equal(await ended, 'SIGKILL');
    endWhole(child, 'SIGKILL'); // nobody else who has its number by then
  }
});

test('a server that never answers is given up, so that later starts are not held up', async () => {
  const deaf = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up')";
  const child = await startChild([process.execPath, '-e', deaf], folder);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const ended = new Promise((resolve) => child.on('exit', (_code, signal) => resolve(signal)));
  const never = new Promise(() => {});
  await assert.rejects(() => startedWithin(50, never, () => child), NoAnswerError);
  assert.equal(await ended, 'SIGKILL');
  assert(child.stdout.destroyed);
});

test('a server that answers is left alone, and one that fails says why', async () => {
  await startedWithin(60_000, Promise.resolve(), assert.fail);
  await assert.rejects(
    () => startedWithin(60_000, Promise.reject(new Error('broken')), () => undefined),
    /broken/,
  );
});

async function said(argv, cwd, options) {
  const child = await startChild(argv, cwd, options);
  let text = '';
  child.stdout.on('data', (data) => {
    text += data;
  });
  await new Promise((resolve) => child.on('close', resolve));
  return text;
}

test('what a program says is kept to its end, or until it takes too long', async () => {
  const run = async (milliseconds, code) =>
    outputWithin(milliseconds, await startChild([process.execPath, '-e', code], folder));
  assert.deepEqual(await run(60_000, "console.log('ä'); console.error('e'); process.exitCode = 3"), {
    code: 3,
    stdout: 'ä\n',
    stderr: 'e\n',
  });
  const deaf = await run(500, "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)");
  assert.equal(deaf.code, undefined);
  const endless = await run(60_000, "process.stdout.write('x'.repeat(9e6))");
  assert(endless.stdout.length < 5e6);
});
