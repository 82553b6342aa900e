// The server: killed and back, missing, and set up from what the extension carries.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { data, enginesPid, home, PATIENCE, pidOf, say, setMachine } from './machine.mjs';
import { log, page, picture, runCommand } from './window.mjs';

export async function whatIsKilledComesBack() {
  const ready = page.locator('[aria-label^="Herdmate: ready"]').first();
  process.kill(enginesPid(), 'SIGKILL');
  const busy = ['starting', 'loading'].map((state) => `[aria-label^="Herdmate: ${state}"]`);
  await page.locator(busy.join()).first().waitFor();
  await ready.waitFor({ timeout: PATIENCE });
  say('a killed engine came back by itself');

  process.kill(pidOf('info\0serve'), 'SIGKILL');
  const offer = page.locator('.notification-toast', { hasText: 'server ended unexpectedly' });
  await offer.locator('.monaco-text-button', { hasText: 'Restart' }).click();
  await ready.waitFor({ timeout: PATIENCE });
  say('a killed server came back by one click');
}

export async function missingServerIsToldWithOneButton() {
  setMachine({ 'herdmate.server.command': [path.join(home, 'no-such-herdmate')] });
  const message = page.locator('.notification-toast', { hasText: 'server was not found' });
  await message.waitFor();
  assert.deepEqual(await message.locator('.monaco-text-button').allInnerTexts(), [
    'How to Install',
  ]);
  await page.locator('[aria-label^="Herdmate: error"]').first().waitFor();
  await picture('8-no-server');
}

/** In a home folder that is empty: what is installed is built before, in PIP_CACHE_DIR. */
export async function aServerIsSetUpFromWhatTheExtensionCarries() {
  setMachine({ 'herdmate.server.command': [] });
  const offer = page.locator('.notification-toast', { hasText: 'no server on this machine yet' });
  await offer.locator('.monaco-text-button', { hasText: 'Set Up' }).click();
  const progress = page.locator('.notification-toast', { hasText: 'Setting up Herdmate' });
  await progress.getByText('step 2 of 3').waitFor({ timeout: PATIENCE });
  await progress.locator('.monaco-text-button', { hasText: 'Cancel' }).click();
  await progress.waitFor({ state: 'detached' });
  await page.locator('[aria-label^="Herdmate: error"]').first().waitFor();
  const venv = path.join(data, 'User/globalStorage/herdmate.herdmate/venv');
  assert(!fs.existsSync(path.join(venv, 'herdmate-version')), 'what was cancelled counts as whole');
  say('the set-up was cancelled');

  await runCommand('Herdmate: Set Up');
  await progress.getByText('step 3 of 3').waitFor({ timeout: PATIENCE });
  await picture('9-set-up');
  const ready = page.locator('[aria-label^="Herdmate: ready"]').first();
  await ready.waitFor({ timeout: 3 * PATIENCE });
  assert(log().includes(`Starting ${venv}/bin/herdmate serve`), 'another server was started');
  await picture('9b-set-up-done');
  say('the carried server was installed and is ready');
}
