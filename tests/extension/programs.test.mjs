// Programs are found by absolute paths, and never in the workspace.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { load } from './bundle.mjs';

const { HERE, isAbsolute, isInside, onPath, pythons } = await load('programs.ts');

/** A machine with these programs and links. */
function machine(platform, PATH, files, { links = {}, ...env } = {}) {
  const name = platform === 'win32' ? 'Path' : 'PATH';
  const real = (file) => {
    const link = Object.keys(links).find((at) => file.startsWith(at));
    return link ? links[link] + file.slice(link.length) : file;
  };
  const canRun = (file) => files.includes(file);
  return { platform, env: { [name]: PATH, ...env }, canRun, real };
}

test('entries of the PATH that depend on the working directory are passed over', () => {
  const files = ['herdmate', './herdmate', '.venv/bin/herdmate', '/opt/bin/herdmate'];
  for (const before of ['', '.', './', '..', 'bin', '.venv/bin', '~/bin', 'C:\\bin'])
    assert.equal(
      onPath('herdmate', [], machine('linux', `${before}:/opt/bin`, files)),
      '/opt/bin/herdmate',
    );
  assert.equal(onPath('herdmate', [], machine('linux', ':.:', files)), undefined);
  assert.equal(onPath('herdmate', [], machine('linux', undefined, files)), undefined);
});

test('programs of the workspace are passed over, also through links and dots', () => {
  const files = ['/repo/.venv/bin/herdmate', '/link/bin/herdmate', '/opt/bin/herdmate'];
  const links = { '/link': '/repo/tools' };
  const PATH = '/repo/.venv/bin:/link/bin:/opt/../repo/.venv/bin:/opt/bin';
  const here = machine('darwin', PATH, files, { links });
  assert.equal(onPath('herdmate', ['/repo'], here), '/opt/bin/herdmate');
  assert.equal(onPath('herdmate', ['/repo', '/opt'], here), undefined);
  assert.equal(onPath('herdmate', ['/repo', '/'], here), '/opt/bin/herdmate'); // all is in there
  assert.equal(onPath('herdmate', ['/repository', '/op'], here), '/repo/.venv/bin/herdmate');
});

test('on Windows the working directory and the drive do not count, and only programs do', () => {
  const files = ['C:\\tools\\herdmate.exe', 'C:\\tools\\herdmate.bat', 'herdmate.exe'];
  files.push('\\evil\\herdmate.exe', 'D:herdmate.exe', 'C:\\Repo\\herdmate.exe');
  const here = (PATH, PATHEXT) => machine('win32', PATH, files, PATHEXT ? { PATHEXT } : {});
  const found = 'C:\\tools\\herdmate.exe';
  for (const before of ['', '.', '\\evil', 'D:', 'c:\\repo', '"C:\\REPO"'])
    assert.equal(onPath('herdmate', ['C:\\repo'], here(`${before};C:\\tools`)), found);
  assert.equal(onPath('herdmate', [], here('"C:\\tools"', '.COM;.EXE;.BAT;.CMD')), found);
  assert.equal(onPath('herdmate.exe', [], here('C:\\tools')), found);
  assert.equal(onPath('herdmate', [], here('C:\\tools', '.BAT;.CMD')), undefined);
});

test('on Windows folders of another machine and other drives are told apart', () => {
  const here = machine('win32', '', []);
  const share = '\\\\host\\share\\repo';
  assert(isInside(`${share}\\bin\\herdmate.exe`, [share], here));
  assert(isInside('\\\\HOST\\Share\\Repo\\x.exe', [share], here));
  assert(!isInside('\\\\other\\share\\repo\\x.exe', [share], here));
  assert(!isInside('D:\\repo\\x.exe', ['C:\\repo'], here));
  assert(!isInside('C:\\repo2\\x.exe', ['C:\\repo'], here));
  assert(!isInside('C:\\a.exe', ['C:\\'], here)); // a root never counts
});

test('on Windows the launcher of Python comes first, and the store and folders do not count', () => {
  const [py, store] = ['C:\\Windows\\py.exe', 'C:\\Apps\\python3.exe'];
  const PATH = '.;C:\\Apps;"C:\\Py 313"';
  const files = [store, 'C:\\Py 313\\python.exe', 'C:\\Py 313\\python.bat'];
  const env = { SystemRoot: 'C:\\Windows' };
  const found = (more) => pythons(undefined, [], machine('win32', PATH, [...files, ...more], env));
  assert.deepEqual(found([py]), [py, store, 'C:\\Py 313\\python.exe']);
  assert.deepEqual(found([]), [store, 'C:\\Py 313\\python.exe']);
});

test('what is absolute', () => {
  const linux = machine('linux', '', []);
  const windows = machine('win32', '', []);
  assert(isAbsolute('/a', linux) && isAbsolute('C:\\a', windows) && isAbsolute('d:/a', windows));
  assert(isAbsolute('\\\\host\\share\\a', windows));
  for (const file of ['', 'python', './a', '../a', '~/a', 'C:\\a'])
    assert(!isAbsolute(file, linux), file);
  for (const file of ['', 'python', '\\a', '/a', 'C:a', '.\\a']) assert(!isAbsolute(file, windows));
});

test('the environment of all workspaces is based on a Python of the system, if there is one', () => {
  const venv = '/repo/.venv/bin/python';
  const files = ['/usr/bin/python3', '/opt/py/python3.12', '/opt/py/python', '/repo/bin/python3'];
  const here = machine('linux', '/repo/bin:/opt/py:/usr/bin', [...files, venv, '/home/me/python']);
  assert.deepEqual(pythons(venv, ['/repo'], here), [
    '/usr/bin/python3',
    '/opt/py/python3.12',
    '/opt/py/python',
  ]);
  assert.equal(pythons('/home/me/python', ['/repo'], here).at(-1), '/home/me/python');
  assert(!pythons('python', ['/repo'], here).includes('python'));
  const windows = machine('win32', 'C:\\Py', ['C:\\Windows\\py.exe', 'C:\\Py\\python.exe'], {
    SystemRoot: 'C:\\Windows',
  });
  assert.deepEqual(pythons(undefined, [], windows), ['C:\\Windows\\py.exe', 'C:\\Py\\python.exe']);
});

test('on this machine', { skip: process.platform === 'win32' }, () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'programs-'));
  try {
    const [repo, bin] = ['repo', 'bin'].map((name) => path.join(folder, name));
    for (const at of [repo, bin]) fs.mkdirSync(at);
    fs.writeFileSync(path.join(repo, 'tool'), '#!/bin/sh\n', { mode: 0o755 });
    fs.symlinkSync(path.join(repo, 'tool'), path.join(bin, 'tool'));
    fs.writeFileSync(path.join(bin, 'text'), '', { mode: 0o644 });
    fs.mkdirSync(path.join(bin, 'folder'));
    const here = { ...HERE, env: { PATH: bin } };
    assert.equal(onPath('tool', [], here), path.join(bin, 'tool'));
    assert.equal(onPath('tool', [repo], here), undefined);
    assert(isInside(path.join(bin, 'tool'), [repo], here));
    assert.equal(onPath('folder', [], here), undefined);
    if (process.getuid() !== 0) assert.equal(onPath('text', [], here), undefined);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});
