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
import { serveWheels } from './wheel_index.mjs';
import {
  choose,
  closeWindow,
  log,
  openWindow,
  page,
  picture,
  pictureInBothThemes,
  press,
  runCommand,
  switchTo,
  untilSaid,
} from './window.mjs';

const VENV = path.join(data, 'User/globalStorage/herdmate.herdmate/venv');
const STAMP = path.join(VENV, 'herdmate-version');
const OLDER = '0.0.1';

export async function whatIsKilledComesBack() {
  const ready = page.locator('[aria-label^="Herdmate: ready"]').first();
  await untilSaid(['starting', 'loading'], () => process.kill(enginesPid(), 'SIGKILL'));
  await ready.waitFor();
  say('a killed engine came back by itself');

  const killServer = () => process.kill(pidOf('info\0serve'), 'SIGKILL');
  await untilSaid(['starting'], killServer);
  await page.locator('.notification-toast', { hasText: 'is started again' }).waitFor();
  await ready.waitFor();
  say('a killed server came back by itself');

  await runCommand('Notifications: Clear All Notifications');
  const offer = page.locator('.notification-toast', { hasText: 'server stopped unexpectedly' });
  for (let again = 0; again < 2; again++) {
    await untilSaid(['starting'], killServer);
    await ready.waitFor();
    assert.equal(await offer.count(), 0, 'it is told more than once');
  }
  killServer();
  await offer.waitFor();
  await runCommand('Herdmate: Restart Server');
  await ready.waitFor();
  const server = pidOf('info\0serve');
  await press('Restart', offer);
  await page.locator('.part.statusbar [aria-label^="Herdmate: "]').first().click();
  // The menu comes after a start, if there is one.
  await page.locator('.quick-input-list .monaco-list-row', { hasText: 'Explain' }).waitFor();
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

/** In a home folder that is empty; the index of wheels is on this machine. */
export async function aServerIsSetUpFromWhatTheExtensionCarries() {
  await runCommand('Notifications: Clear All Notifications');
  await page.locator('.notification-toast').waitFor({ state: 'detached' });
  const index = await serveWheels();
  const elsewhere = await serveWheels();
  await new Promise((resolve) => elsewhere.server.close(resolve)); // so nobody answers there
  setMachine({ 'herdmate.server.command': [], 'herdmate.setup.wheelIndex': elsewhere.url });
  const offer = invitation();
  await offer.waitFor();
  assert.equal(await page.locator('.notification-toast .codicon-error').count(), 0);
  assert.deepEqual(await offer.locator('.monaco-text-button').allInnerTexts(), [
    'Set Up',
    'Get Started',
  ]);
  await page.locator('[aria-label^="Herdmate: not set up"]').first().waitFor();
  await picture('8b-invitation');
  await press('Set Up', offer);
  const progress = setUpProgress();
  await answer('Cancel', '9-set-up-asks');
  await progress.waitFor({ state: 'detached' });
  await page.locator('[aria-label^="Herdmate: not set up"]').first().waitFor();
  assert(!fs.existsSync(VENV), 'something was made before the user agreed');
  say('the set-up was declined');

  await runCommand('Herdmate: Set Up');
  await answer('Fetch Ready-Made');
  const failed = failedSetup();
  await failed.waitFor();
  assert.deepEqual(await failed.locator('.monaco-text-button').allInnerTexts(), [
    'Retry',
    'Show Log',
  ]);
  assert.match(await failed.innerText(), /127\.0\.0\.1 cannot be reached, so llama\.cpp/);
  assert(!fs.existsSync(VENV), 'something was made though the index does not answer');
  await page.locator('[aria-label^="Herdmate: not set up"]').first().waitFor();
  await picture('9-set-up-offline');
  say('an index that does not answer is said at once');

  setMachine({ 'herdmate.setup.wheelIndex': index.url });
  const told = fs.readFileSync(pipConfig, 'utf8');
  write(pipConfig, '[install]\nno-index = true\n'); // so it finds nothing
  await press('Retry', failed);
  await answer('Build Here');
  await failed.getByText(/ERROR: No matching distribution/).waitFor({ timeout: 2 * PATIENCE });
  await picture('9-set-up-failed');
  assert(!fs.existsSync(STAMP), 'what failed counts as whole');
  assert.deepEqual(index.asked, [], 'who builds needs no wheels');
  say('the set-up failed');

  write(pipConfig, told);
  await press('Retry', failed);
  await answer('Fetch Ready-Made');
  await progress.getByText('step 3 of 4').waitFor();
  await press('Cancel', progress);
  await progress.waitFor({ state: 'detached' });
  assert(!fs.existsSync(STAMP), 'what was cancelled counts as whole');
  say('the set-up was cancelled');

  await runCommand('Herdmate: Set Up');
  const began = Date.now();
  await untilSaid(['starting'], async () => {
    await answer('Fetch Ready-Made');
    await progress.getByText('step 4 of 4').waitFor({ timeout: 2 * PATIENCE });
  });
  await picture('9a-set-up');
  await runCommand('Herdmate: Set Up'); // the one that is at work does for both
  const ready = page.locator('[aria-label^="Herdmate: ready"]').first();
  await ready.waitFor({ timeout: 3 * PATIENCE });
  assert(log().includes(`Starting ${VENV}/bin/herdmate serve`), 'another server was started');
  await picture('9b-set-up-done');
  // Declined and offline it came not so far; it failed, was cancelled, and then went on to the end.
  assert.equal(timesInstalled(), 3, 'it was installed twice at once');
  const wheel = index.asked.filter((path) => path.endsWith('.whl'));
  assert.equal(wheel.length, 1, `asked for were ${index.asked}`);
  assert(!fs.existsSync(path.join(VENV, '../llama')), 'temporary files are left');
  index.server.close();
  say(`the carried server was set up within ${Math.round((Date.now() - began) / 1000)} s`);
}

/** Needs the server that was set up. */
export async function aFailedUpdateOrADamagedServerIsToldAndMended() {
  const packages = packagesOfServer();
  const ready = page.locator('[aria-label^="Herdmate: ready"]').first();
  const version = fs.readFileSync(STAMP, 'utf8');
  const [newer, older] = [version, OLDER].map((its) => `herdmate-${its}.dist-info`);
  makeOlder(version);
  fs.renameSync(path.join(packages, 'pip'), path.join(packages, 'no-pip'));
  await runCommand('Herdmate: Restart Server');
  const failed = failedSetup();
  await failed.waitFor();
  await ready.waitFor();
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
  await ready.waitFor();
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
  await ready.waitFor();
  say(`version ${OLDER} was brought up to ${version}`);

  fs.rmSync(path.join(packages, 'pygls'), { recursive: true });
  await runCommand('Herdmate: Restart Server');
  await page.locator('.notification-toast', { hasText: 'could not be started' }).waitFor();
  await choose('Set Up', '9d-damaged');
  await ready.waitFor({ timeout: 3 * PATIENCE });
  say('a damaged server was mended by Set Up');
}

/** Needs the server that was set up. */
export async function ofTwoWindowsOneUpdates() {
  const first = page;
  const version = fs.readFileSync(STAMP, 'utf8');
  write(path.join(home, 'garden/beds.py'), '');
  await openWindow(path.join(home, 'garden'));
  const other = page;
  await readyIn(other);
  makeOlder(version);
  const before = [first, other].map(timesInstalled);
  await runCommand('Herdmate: Restart Server', first);
  await setUpProgress(first).waitFor();
  await runCommand('Herdmate: Restart Server', other);
  await setUpProgress(other).getByText('another window is setting it up').waitFor();
  await picture('9e-another-window-updates');
  for (const window of [first, other])
    await setUpProgress(window).waitFor({ state: 'detached', timeout: 2 * PATIENCE });
  for (const window of [first, other]) await readyIn(window);
  const times = [first, other].map((window, at) => timesInstalled(window) - before[at]);
  assert.deepEqual(times, [1, 0], 'it was installed twice');
  assert.equal(fs.readFileSync(STAMP, 'utf8'), version);
  await closeWindow();
  await switchTo(first);
  say('of two windows one updated, and the other waited for it');
}

async function readyIn(window) {
  const ready = window.locator('[aria-label^="Herdmate: ready"]').first();
  await ready.waitFor();
}

/** Where the server's packages are. */
function packagesOfServer() {
  const [python] = fs.readdirSync(path.join(VENV, 'lib'));
  return path.join(VENV, 'lib', python, 'site-packages');
}

/** The installed server looks as if an older extension had installed it. */
function makeOlder(version) {
  const [from, to] = [version, OLDER].map((its) =>
    path.join(packagesOfServer(), `herdmate-${its}.dist-info`),
  );
  fs.renameSync(from, to);
  for (const name of ['METADATA', 'RECORD']) {
    const text = fs.readFileSync(path.join(to, name), 'utf8');
    write(path.join(to, name), text.replaceAll(version, OLDER));
  }
  write(STAMP, OLDER);
}

/** How often a window has begun to install it. */
function timesInstalled(window = page) {
  return [...log(window).matchAll(/Running .* -r .*locked\/server\.txt/g)].length;
}

function failedSetup() {
  return page.locator('.notification-toast', { hasText: 'Herdmate could not be set up' });
}

/** The message that greets whoever has no server yet. */
export function invitation() {
  return page.locator('.notification-toast', { hasText: 'Welcome to Herdmate' });
}

/** The message that says how far the set-up is. */
export function setUpProgress(window = page) {
  return window.locator('.notification-toast', { hasText: 'Setting up Herdmate' });
}

/** Presses a button of the question how llama.cpp should be installed. */
export async function answer(button, pictured) {
  const question = page.locator('.monaco-dialog-box', { hasText: 'llama.cpp' });
  await question.waitFor();
  if (pictured) await pictureInBothThemes(pictured);
  await press(button, question);
  await question.waitFor({ state: 'detached' });
}
