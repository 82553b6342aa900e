// Settings: a changed one works at once, and those of a workspace count as far as it is trusted.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { enginesPid, home, pidOf, SERVER, say, until, write } from './machine.mjs';
import { untilLoadedAnew } from './models.mjs';
import { SOURCE } from './shop.mjs';
import * as window from './window.mjs';
import { configure, ghostText, newGhost, page, picture, runCommand, startAnew } from './window.mjs';

const OF_THE_LISTENER = 'qwen2.5-coder-of-a-stranger';
const READY = '.part.statusbar [aria-label^="Herdmate: ready"]';

export async function changedSettingsWorkAtOnce() {
  const [server, engine] = [pidOf('info\0serve'), enginesPid()];
  await configure('completion.enabled', false);
  await startAnew('def of_same_price(items: list[Item]) -> list[Item]:\n');
  await window.untilLogged('no completion: it is switched off by herdmate.completion.enabled');
  assert.equal(await ghostText(), '');
  await configure('completion.enabled', true);
  await configure('engine.contextTokens', 2048);
  await until(
    () => pidOf('info\0serve') === server && ![engine, undefined].includes(engines()),
    () => 'the engine was not started anew',
  );
  await page.locator(READY).first().waitFor();
  await startAnew('def of_same_name(items: list[Item]) -> list[Item]:\n');
  await newGhost();
  await page.keyboard.press('Escape');
  await runCommand('File: Revert File');
  await page.locator('.tab.active.dirty').waitFor({ state: 'detached' });
  await untilLoadedAnew(() => configure('engine.contextTokens', undefined));
  assert.equal(pidOf('info\0serve'), server, 'the server was started anew');
  say('settings work at once');
}

/** Its settings stand under their full names and in a group: VS Code must keep both back. */
export async function anUntrustedWorkspaceChoosesNothing() {
  const first = page;
  const folder = path.join(home, 'stranger');
  const [ran, program] = [path.join(folder, 'ran'), path.join(folder, 'program.sh')];
  const command = JSON.parse(SERVER).map((word) => `'${word}'`);
  write(program, `#!/bin/sh\necho "$@" >>'${ran}'\nexec ${command.join(' ')} "$@"\n`);
  fs.chmodSync(program, 0o755);
  const other = process.env.HERDMATE_E2E_OTHER_MODEL;
  const listener = await listening();
  const settings = {
    'herdmate.server.command': [program],
    'herdmate.model': other,
    herdmate: { server: { command: [program] }, model: other, trustWorkspace: true },
  };
  const remote = { 'herdmate.remote.url': listener.url };
  remote.herdmate = { ...settings.herdmate, remote: { url: listener.url } };
  const file = path.join(folder, '.vscode/settings.json');
  write(file, JSON.stringify({ ...settings, ...remote }));
  write(path.join(folder, '.herdmate/prompts/shout.toml'), SHOUT);
  write(path.join(folder, 'plants.py'), SOURCE);

  await window.openWindow(folder);
  await window.openCode('plants.py');
  const before = await readyWith(() => true);
  assert(!fs.existsSync(ran), 'a program was run that the workspace names');
  await offers('Simplify');
  assert.equal(await page.locator('.action-widget').getByText('Shout').count(), 0);
  await picture('6f-not-trusted');
  await page.keyboard.press('Escape');
  assert.equal(listener.connections(), 0, 'a server was asked that the workspace names');
  say('a workspace that is not trusted chose nothing');

  await window.trust();
  await readyWith((label) => label.includes(OF_THE_LISTENER));
  assert(fs.existsSync(ran), 'the program of a trusted workspace was not run');
  assert(listener.connections() > 0);
  write(file, JSON.stringify(settings));
  const after = await readyWith(
    (label) => ![before, OF_THE_LISTENER].some((text) => label.includes(text)),
  );
  listener.close();
  await window.openCode('plants.py');
  await offers('Shout');
  await picture('6g-trusted');
  await page.keyboard.press('Escape');
  say(`trusted: ${after} instead of ${before}`);
  await window.closeWindow();
  await window.switchTo(first);
}

const SHOUT = `title = "Shout"
kind = "rewrite"
lsp_kind = "refactor.rewrite.shout"
order = 1
changes = ["body"]
system = "You rewrite code."
user = "Rewrite this: $code"
`;

function engines() {
  try {
    return enginesPid();
  } catch {
    return undefined; // it is between two
  }
}

/** Waits until the status bar says that such a model is ready, and gives back its words. */
async function readyWith(isMeant) {
  const labels = async () =>
    page.locator(READY).evaluateAll((found) => found.map((item) => item.ariaLabel));
  return until(
    async () => (await labels()).find(isMeant),
    () => 'the settings of the workspace do not count',
  );
}

/** A server with a model, on loopback, that counts connections. */
async function listening() {
  let connections = 0;
  const server = http.createServer((request, response) => {
    const isKnown = request.url === '/v1/models';
    response.writeHead(isKnown ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isKnown ? { data: [{ id: OF_THE_LISTENER }] } : {}));
  });
  server.on('connection', () => {
    connections++;
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => server.close() && server.closeAllConnections();
  const url = `http://127.0.0.1:${server.address().port}`;
  return { url, connections: () => connections, close };
}

async function offers(title) {
  await window.select({ first: 14, last: 19 });
  await runCommand('Refactor...');
  await page.locator('.action-widget').getByText(title).waitFor();
}
