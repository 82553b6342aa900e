// The machine: a home folder of its own, VS Code's settings in it, code-server and its processes.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const { TOOLS, SERVER, MODEL, PYTHON, VSIX, OUT } = Object.fromEntries(
  ['TOOLS', 'SERVER', 'MODEL', 'PYTHON', 'VSIX', 'OUT'].map((name) => {
    const value = process.env[`HERDMATE_E2E_${name}`];
    assert(value, `HERDMATE_E2E_${name} is not set`);
    return [name, value];
  }),
);
const CODE_SERVER = path.join(TOOLS, 'node_modules/code-server/out/node/entry.js');
export const PATIENCE = 120_000; // for the window and the model, on a machine with other work

/** What keeps VS Code to this machine, and its window in the theme of the system. */
const QUIET = {
  'window.autoDetectColorScheme': true,
  'workbench.preferredDarkColorTheme': 'Dark Modern',
  'workbench.preferredLightColorTheme': 'Light Modern',
  'window.autoDetectHighContrast': true,
  'telemetry.telemetryLevel': 'off',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'update.mode': 'none',
};
const USER_SETTINGS = {
  ...QUIET,
  'workbench.startupEditor': 'none',
  'workbench.editor.useModal': 'off',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
  'git.enabled': false,
  'editor.quickSuggestions': { other: 'off', comments: 'off', strings: 'off' },
  'editor.wordBasedSuggestions': 'off',
  'editor.suggestOnTriggerCharacters': false,
  'editor.minimap.enabled': false,
  'files.autoSave': 'off',
  'window.commandCenter': false,
  'herdmate.completion.confidence': 0, // what the small model is sure of is not what is tested
  'herdmate.completion.timeBox': 0, // on a machine with other work only a line would be there
  ...JSON.parse(process.env.HERDMATE_E2E_SETTINGS ?? '{}'),
};

const began = Date.now();
export const say = (text) => console.log(`[${((Date.now() - began) / 1000).toFixed(1)} s] ${text}`);

export const home = fs.mkdtempSync(path.join(os.tmpdir(), 'hm-')); // short: sockets' paths lie in it
process.on('exit', () => fs.rmSync(home, { recursive: true, force: true }));
export const data = path.join(home, 'data');
write(path.join(home, 'config.yaml'), 'auth: none\n'); // else one is written under ~/.config
setUser(USER_SETTINGS);
/** Starts the server that the tests use. */
export const COMMAND = [...JSON.parse(SERVER), '--log-level', 'info'];
// In the machine's settings, since the workbench may start extensions before it knows the user's.
const machine = {
  'herdmate.server.command': COMMAND,
  'herdmate.model': MODEL,
};
setMachine({});
/** What the user has told pip; HOME is another folder here. */
export const pipConfig = path.join(home, 'pip.conf');
const { PIP_CONFIG_FILE } = process.env;
write(pipConfig, PIP_CONFIG_FILE ? fs.readFileSync(PIP_CONFIG_FILE) : '');
fs.mkdirSync(path.join(home, 't'));
fs.rmSync(OUT, { recursive: true, force: true });
fs.mkdirSync(OUT, { recursive: true });

/** Starts it with the extension; or with none, all settings as VS Code has them, and `variables`. */
export async function startCodeServer({ isNew = false, variables = {} } = {}) {
  const own = { HOME: home, TMPDIR: path.join(home, 't'), PIP_CONFIG_FILE: pipConfig };
  const env = { ...process.env, ...own, ...variables };
  delete env.VSCODE_IPC_HOOK_CLI;
  const without = (folder) => !fs.existsSync(path.join(folder, 'herdmate'));
  env.PATH = env.PATH.split(path.delimiter).filter(without).join(path.delimiter);
  const folders = ['--config', path.join(home, 'config.yaml'), '--user-data-dir', data];
  const base = [CODE_SERVER, ...folders, '--extensions-dir', path.join(home, 'extensions')];
  if (isNew) {
    setUser(QUIET);
    setMachine({ 'herdmate.server.command': undefined, 'herdmate.model': undefined });
  } else {
    const install = [...base, '--install-extension', VSIX];
    const installed = spawnSync(process.execPath, install, { env, encoding: 'utf8' });
    assert.match(installed.stdout, /was successfully installed/, installed.stderr);
  }
  const flags = ['auth=none', 'bind-addr=127.0.0.1:0', 'disable-telemetry', 'disable-proxy']
    .concat('disable-update-check', 'disable-getting-started-override')
    .map((flag) => `--${flag}`);
  const log = fs.openSync(path.join(OUT, 'code-server.log'), 'w');
  const process_ = spawn(process.execPath, [...base, ...flags], {
    env,
    stdio: ['ignore', 'pipe', log],
    detached: true, // a group of its own, which endCodeServer ends whole
  });
  const url = await new Promise((resolve, reject) => {
    let told = '';
    process_.stdout.on('data', (text) => {
      told += text;
      const found = /HTTP server listening on (http:\/\/[^\s/]+)/.exec(told);
      if (found) resolve(found[1]);
    });
    process_.on('exit', (code) => reject(new Error(`code-server ended with ${code}: ${told}`)));
  });
  return { url, process: process_ };
}

/** Ends code-server with its extension host and our server, which else live on for seconds. */
export async function endCodeServer(codeServer) {
  const group = -codeServer.process.pid;
  const signal = (name) => {
    try {
      return process.kill(group, name);
    } catch {
      return false; // nobody is left
    }
  };
  for (let tenths = 0; signal(0) && tenths < 50; tenths++) {
    if (tenths % 10 === 0) signal(tenths < 30 ? 'SIGTERM' : 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const logs = path.join(OUT, 'logs');
  fs.rmSync(logs, { recursive: true, force: true });
  fs.cpSync(path.join(data, 'logs'), logs, { recursive: true });
}

function setUser(settings) {
  write(path.join(data, 'User/settings.json'), JSON.stringify(settings));
}

/** Puts settings beside those of the machine, which VS Code takes over at once. */
export function setMachine(settings) {
  Object.assign(machine, settings);
  write(path.join(data, 'Machine/settings.json'), JSON.stringify(machine));
}

/** The process in which the model works for this run's server. */
export function enginesPid() {
  return pidOf('herdmate.engine.worker');
}

/** Does something while the model stands still: it would be at its end before a slow window is there. */
export async function whileTheModelWaits(act) {
  const engine = enginesPid();
  process.kill(engine, 'SIGSTOP');
  try {
    return await act();
  } finally {
    process.kill(engine, 'SIGCONT');
  }
}

/** The process of this run's home folder with these words in its command line. */
export function pidOf(words) {
  const [found] = pidsOf(words);
  assert(found, `no process for ${words}`);
  return found;
}

/** All such processes. */
export function pidsOf(words) {
  const own = `HOME=${home}\0`;
  const found = fs.readdirSync('/proc').filter((pid) => {
    try {
      const is = (name, text) => fs.readFileSync(`/proc/${pid}/${name}`, 'utf8').includes(text);
      return /^\d+$/.test(pid) && is('cmdline', words) && is('environ', own);
    } catch {
      return false; // it has ended meanwhile
    }
  });
  return found.map(Number);
}

export function write(where, text) {
  fs.mkdirSync(path.dirname(where), { recursive: true });
  fs.writeFileSync(where, text);
}

/** Waits for what `find` gives and is not empty, and gives it back; else fails with `words()`. */
export async function until(find, words) {
  for (const ends = Date.now() + PATIENCE; Date.now() < ends; ) {
    const found = await find();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(await words());
}

/** The logs of all servers that ran, by window in the order of their opening. */
export function logFiles() {
  const all = fs.readdirSync(path.join(data, 'logs'), { recursive: true }).sort();
  const own = all.filter((name) => name.endsWith('Herdmate.log'));
  return own.map((name) => path.join(data, 'logs', name));
}
