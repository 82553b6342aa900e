// Which settings count, by whom they were made and whether the workspace is trusted.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './bundle.mjs';

const { settings, commandOfSettings, remoteUrls, configure, settingVariables, wheelIndex } =
  await load('settings.ts');

const EVIL = 'evil';
const POISONED = {
  model: EVIL,
  trustWorkspace: true,
  server: { command: [EVIL] },
  remote: { url: EVIL },
  engine: { contextTokens: 1 },
  completion: { alternatives: 8, maxTokens: 4096, enabled: true, remoteUrl: EVIL },
  refactor: { preview: 'never' },
  stats: false,
  unknown: EVIL,
};

/** VS Code with settings of the user and of a workspace, which VS Code lets through or not. */
function vscode(isTrusted, user, workspace = POISONED) {
  const inspect = (name) => ({
    defaultValue: `default of ${name}`,
    globalValue: user[name],
    workspaceValue: at(workspace, name),
    workspaceFolderValue: at(workspace, name),
  });
  globalThis.told = { isTrusted, inspect, get: (name) => name === 'herdmate' && workspace };
  globalThis.told.changes = [];
}

const at = (group, name) =>
  name
    .split('.')
    .slice(1)
    .reduce((found, part) => found?.[part], group);

function leaves(group) {
  return Object.values(group).flatMap((entry) =>
    entry && typeof entry === 'object' && !Array.isArray(entry) ? leaves(entry) : [entry],
  );
}

test('a workspace that is not trusted chooses nothing, also not by a group', () => {
  vscode(false, { 'herdmate.model': 'mine', 'herdmate.server.command': ['/mine'] });
  const told = settings();
  assert.equal(told.trustWorkspace, false);
  assert.equal(told.model, 'mine');
  assert.deepEqual(commandOfSettings(), ['/mine']);
  assert(!('engine' in told) && !('unknown' in told));
  const wrong = leaves(told).filter((entry) => leaves(POISONED).includes(entry) && entry !== false);
  assert.deepEqual(wrong, []);
  assert.deepEqual(remoteUrls(), { urls: ['', ''], own: '' });
});

test('a workspace that is not trusted may only switch ghost text off', () => {
  vscode(false, {}, { completion: { enabled: false } });
  assert.equal(settings().completion.enabled, false);
  vscode(false, { 'herdmate.completion.enabled': false });
  assert.equal(settings().completion.enabled, false);
});

test('of a trusted workspace all settings count', () => {
  vscode(true, { 'herdmate.model': 'mine' });
  assert.deepEqual(settings(), { ...POISONED, trustWorkspace: true });
  assert.deepEqual(commandOfSettings(), [EVIL]);
  assert.deepEqual(remoteUrls(), { urls: [EVIL, EVIL], own: '' });
});

test('what nobody has set is left to the server, which knows the same defaults', () => {
  const fixed = { deleteProperty: () => assert.fail(), set: () => assert.fail() };
  const engine = new Proxy({ threads: 4, weights: 'auto' }, fixed);
  const effective = new Proxy({ model: 'auto', engine, unknown: 1 }, fixed);
  vscode(true, { 'herdmate.engine.threads': 4 }, effective);
  const { inspect } = globalThis.told;
  const unset = { workspaceValue: undefined, workspaceFolderValue: undefined };
  globalThis.told.inspect = (name) => ({ ...inspect(name), ...unset });
  assert.deepEqual(settings(), { engine: { threads: 4 }, unknown: 1, trustWorkspace: true });
  globalThis.told.inspect = (name) => ({ ...unset, workspaceFolderValue: name && null });
  assert.equal(JSON.stringify(settings().engine), JSON.stringify(engine));
  globalThis.told = { isTrusted: true, inspect: () => undefined, get: () => undefined };
  assert.deepEqual(settings(), { trustWorkspace: true });
});

test('a command that is no list of words is none', () => {
  for (const command of [EVIL, 3, null, { 0: EVIL }, [1, null, ['x']]]) {
    vscode(true, {}, { server: { command } });
    assert.deepEqual(commandOfSettings(), []);
  }
});

test('what a menu changes is written for the user where the workspace is not trusted', async () => {
  vscode(false, {});
  await configure({ name: 'model', value: 'x', workspace: false });
  await configure({ name: 'completion.enabled', value: null, workspace: false });
  assert.deepEqual(globalThis.told.changes, [
    ['model', 'x', 1],
    ['completion.enabled', undefined, 2], // the workspace has switched it off
  ]);
  vscode(true, {});
  await configure({ name: 'model', value: null, workspace: false });
  assert.deepEqual(globalThis.told.changes, [['model', undefined, 2]]);
});

test('a workspace, even a trusted one, never names where llama.cpp is fetched from', () => {
  const name = 'herdmate.setup.wheelIndex';
  for (const isTrusted of [true, false]) {
    vscode(isTrusted, {}, { setup: { wheelIndex: EVIL } });
    assert.equal(wheelIndex(), `default of ${name}`);
    vscode(isTrusted, { [name]: 'https://mine.example/whl' }, { setup: { wheelIndex: EVIL } });
    assert.equal(wheelIndex(), 'https://mine.example/whl');
    vscode(isTrusted, { [name]: 3 }, { setup: { wheelIndex: EVIL } });
    assert.equal(wheelIndex(), `default of ${name}`);
  }
});

test('the command line gets what was set here, as variables that it knows', () => {
  const user = {
    'herdmate.model': 'mine',
    'herdmate.completion.remoteUrl': 'http://127.0.0.1:1',
    'herdmate.engine.contextTokens': 512,
    'herdmate.stats': false,
    'herdmate.server.command': ['x'],
    'herdmate.setup.wheelIndex': 'x',
    'herdmate.trace.server': 'verbose',
  };
  vscode(false, user);
  assert.deepEqual(settingVariables(), {
    HERDMATE_MODEL: 'mine',
    HERDMATE_COMPLETION_REMOTE_URL: 'http://127.0.0.1:1',
    HERDMATE_ENGINE_CONTEXT_TOKENS: '512',
    HERDMATE_STATS: 'false',
  });
  vscode(false, {});
  assert.deepEqual(settingVariables(), {});
});
