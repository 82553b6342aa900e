// The server: killed and back, missing, and set up from what the extension carries.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {
  data,
  enginesPid,
  home,
  PATIENCE,
  pidOf,
  pipConfig,
  say,
  setMachine,
  until,
  write,
} from './machine.mjs';
import { choose, log, page, picture, runCommand } from './window.mjs';

const VENV = path.join(data, 'User/globalStorage/herdmate.herdmate/venv');
const STAMP = path.join(VENV, 'herdmate-version');
const OLDER = '0.0.1';

export async function whatIsKilledComesBack() {
  const ready = page.locator('[aria-label^="Herdmate: ready"]').first();
  process.kill(enginesPid(), 'SIGKILL');
  const busy = ['starting', 'loading'].map((state) => `[aria-label^="Herdmate: ${state}"]`);
  await page.locator(busy.join()).first().waitFor();
  await ready.waitFor({ timeout: PATIENCE });
  say('a killed engine came back by itself');

  process.kill(pidOf('info\0serve'), 'SIGKILL');
  const offer = page.locator('.notification-toast', { hasText: 'server stopped unexpectedly' });
  await press('Restart', offer);
  await ready.waitFor({ timeout: PATIENCE });
  say('a killed server came back by one click');

  process.kill(pidOf('info\0serve'), 'SIGKILL');
  await offer.waitFor();
  await runCommand('Herdmate: Restart Server');
  await ready.waitFor({ timeout: PATIENCE });
  const server = pidOf('info\0serve');
  await press('Restart', offer);
  await page.locator('.part.statusbar [aria-label^="Herdmate: "]').first().click();
  // The menu comes after a start, if there is one.
  await page.locator('.quick-input-list .monaco-list-row', { hasText: 'Show Log' }).waitFor();
  await page.keyboard.press('Escape');
  assert.equal(pidOf('info\0serve'), server, 'a message that is out of date restarts the server');
  say('what a message offers that is out of date is not done');
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

  await runCommand('Notifications: Clear All Notifications');
  await message.waitFor({ state: 'detached' });
  await page.locator('.monaco-editor .view-lines').first().click();
  await runCommand('Herdmate: Explain Selection');
  await message.waitFor();
}

/** In a home folder that is empty: what is installed is built before, in PIP_CACHE_DIR. */
export async function aServerIsSetUpFromWhatTheExtensionCarries() {
  setMachine({ 'herdmate.server.command': [] });
  const offer = page.locator('.notification-toast', { hasText: 'server is not installed yet' });
  await press('Set Up', offer);
  const progress = page.locator('.notification-toast', { hasText: 'Setting up Herdmate' });
  await progress.getByText('step 2 of 3').waitFor({ timeout: PATIENCE });
  await press('Cancel', progress);
  await progress.waitFor({ state: 'detached' });
  await page.locator('[aria-label^="Herdmate: error"]').first().waitFor();
  assert(!fs.existsSync(STAMP), 'what was cancelled counts as whole');
  say('the set-up was cancelled');

  const told = fs.readFileSync(pipConfig, 'utf8');
  write(pipConfig, '[install]\nno-index = true\n'); // so it finds nothing
  await runCommand('Herdmate: Set Up');
  const failed = failedSetup();
  await failed.waitFor({ timeout: PATIENCE });
  const buttons = failed.locator('.monaco-text-button');
  assert.deepEqual(await buttons.allInnerTexts(), ['Retry', 'Show Log']);
  const said = /ERROR: No matching distribution/;
  assert.match(await failed.innerText(), said, 'it does not tell what pip said');
  await page.locator('[aria-label^="Herdmate: error"]').first().waitFor();
  await picture('9-set-up-failed');
  assert(!fs.existsSync(STAMP), 'what failed counts as whole');
  say('the set-up failed');

  write(pipConfig, told);
  await press('Retry', failed);
  await progress.getByText('step 3 of 3').waitFor({ timeout: PATIENCE });
  await page.locator('[aria-label^="Herdmate: starting"]').first().waitFor();
  await picture('9a-set-up');
  await runCommand('Herdmate: Set Up'); // the one that is at work does for both
  const ready = page.locator('[aria-label^="Herdmate: ready"]').first();
  await ready.waitFor({ timeout: 3 * PATIENCE });
  assert(log().includes(`Starting ${VENV}/bin/herdmate serve`), 'another server was started');
  await picture('9b-set-up-done');
  // Once in vain, and once more.
  assert.equal(timesInstalled(), 2, 'it was installed twice at once');
  say('the carried server was installed and is ready');
}

/** Needs the server that was set up. */
export async function aFailedUpdateOrADamagedServerIsToldAndMended() {
  const [python] = fs.readdirSync(path.join(VENV, 'lib'));
  const packages = path.join(VENV, 'lib', python, 'site-packages');
  const ready = page.locator('[aria-label^="Herdmate: ready"]').first();
  const version = fs.readFileSync(STAMP, 'utf8');
  const [newer, older] = [version, OLDER].map((its) => `herdmate-${its}.dist-info`);
  makeOlder(packages, version);
  fs.renameSync(path.join(packages, 'pip'), path.join(packages, 'no-pip'));
  await runCommand('Herdmate: Restart Server');
  const failed = failedSetup();
  await failed.waitFor();
  await ready.waitFor({ timeout: PATIENCE });
  await picture('9c-update-failed');
  assert(await failed.isVisible());
  say('the older server is ready though its update failed');

  const tried = timesInstalled();
  await press('Retry', failed);
  await until(
    () => timesInstalled() > tried,
    () => 'the update was not tried again',
  );
  await page.locator('[aria-label^="Herdmate: starting"]').first().waitFor({ state: 'detached' });
  await ready.waitFor({ timeout: PATIENCE });
  assert.equal(timesInstalled(), tried + 1, 'one Retry tried the update twice');
  await failed.waitFor();

  fs.renameSync(path.join(packages, 'no-pip'), path.join(packages, 'pip'));
  await press('Retry', failed);
  await until(
    () => fs.readFileSync(STAMP, 'utf8') === version,
    () => 'the update was not tried again',
  );
  const installed = fs.readdirSync(packages);
  assert(installed.includes(newer) && !installed.includes(older), `installed are ${installed}`);
  await ready.waitFor({ timeout: PATIENCE });
  say(`version ${OLDER} was brought up to ${version}`);

  fs.rmSync(path.join(packages, 'pygls'), { recursive: true });
  await runCommand('Herdmate: Restart Server');
  await page.locator('.notification-toast', { hasText: 'could not be started' }).waitFor();
  await choose('Set Up', '9d-damaged');
  await ready.waitFor({ timeout: 3 * PATIENCE });
  say('a damaged server was mended by Set Up');
}

/** The installed server looks as if an older extension had installed it. */
function makeOlder(packages, version) {
  const [from, to] = [version, OLDER].map((its) =>
    path.join(packages, `herdmate-${its}.dist-info`),
  );
  fs.renameSync(from, to);
  for (const name of ['METADATA', 'RECORD']) {
    const text = fs.readFileSync(path.join(to, name), 'utf8');
    write(path.join(to, name), text.replaceAll(version, OLDER));
  }
  write(STAMP, OLDER);
}

/** How often it was begun to install. */
function timesInstalled() {
  return log().split('locked/build.txt').length - 1;
}

function failedSetup() {
  return page.locator('.notification-toast', { hasText: 'Herdmate could not be set up' });
}

/** Presses a button of a message; the pointer leaves first, for a hint under it hides others. */
async function press(button, message) {
  await page.mouse.move(0, 0);
  await message.locator('.monaco-text-button', { hasText: button }).click();
}
