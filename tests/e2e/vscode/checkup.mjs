// Check My Set-up and Report an Issue: with a server, with a broken one, and without any.

import assert from 'node:assert/strict';
import path from 'node:path';
import { COMMAND, home, MODEL, say, setMachine, until } from './machine.mjs';
import { backToTheCode, page, picture, pictureInBothThemes, plain, runCommand } from './window.mjs';

const KEY = 'sk-proj-a1B2c3D4a1B2c3D4a1B2c3D4a1B2c3D4a1B2c3D4';

const TITLE = "Herdmate's Set-up";

export async function theSetUpIsCheckedAndReported() {
  await withoutOtherPages();
  const shown = await checkup('processor');
  await shown.getByRole('rowheader', { name: 'llama.cpp', exact: true }).waitFor();
  await shown.getByRole('rowheader', { name: 'VS Code' }).waitFor();
  assert.equal(await shown.getByRole('link', { name: 'Set Up' }).count(), 0);
  await pictureInBothThemes('10-checkup');
  say('the set-up was checked');

  setMachine({ 'herdmate.model': path.join(home, `secret-plans-${KEY}.gguf`) });
  await shown.getByRole('link', { name: 'Report an Issue' }).click();
  const text = await reported(/### Herdmate \d/);
  assert.match(text, /- llama\.cpp: 0\./);
  for (const secret of [home, path.basename(home), 'secret-plans', KEY, 'shop', 'stock', '127.0'])
    assert(!text.includes(secret), `${secret} is in the report:\n${text}`);
  await picture('10a-report');
  await runCommand('View: Revert and Close Editor');
  say('a report names nothing of the user');

  const broken = ['/bin/sh', '-c', 'echo it is broken >&2; exit 3', 'herdmate'];
  setMachine({ 'herdmate.server.command': broken, 'herdmate.model': undefined });
  const second = await checkup('Herdmate is installed but does not run: it is broken');
  await second.getByRole('link', { name: 'Set Up' }).waitFor();
  await picture('10b-broken');

  setMachine({ 'herdmate.server.command': [] });
  const third = await checkup("Herdmate's server is not installed yet.");
  await pictureInBothThemes('10c-missing');
  await third.getByRole('link', { name: 'Report an Issue' }).click();
  await reported(/### Herdmate's server: missing/);
  await runCommand('View: Revert and Close Editor');
  say('a broken and a missing server are told');
  await page.locator('.tab', { hasText: "Herdmate's Set-up" }).click({ button: 'middle' });
  setMachine({ 'herdmate.server.command': COMMAND, 'herdmate.model': MODEL });
  await page.locator('[aria-label^="Herdmate: ready"]').first().waitFor();
  await runCommand('Notifications: Clear All Notifications');
  await backToTheCode();
}

/** Closes what shows pages, so that the one that is looked at is the newest. */
async function withoutOtherPages() {
  const others = page.locator('.tab', { hasText: /, lines? \d|Herdmate|Welcome/ });
  for (let left = await others.count(); left; left--) {
    await others.first().click({ button: 'middle' });
    await others.nth(left - 1).waitFor({ state: 'detached' });
  }
}

/** Runs the check until it finds something, as settings are not taken at once; the page. */
async function checkup(finding) {
  let shown;
  await until(
    async () => {
      await backToTheCode(); // keys do not leave the page
      await runCommand('Herdmate: Check My Set-up');
      await page.locator('.tab.active', { hasText: TITLE }).waitFor();
      for (const ends = Date.now() + 5000; !shown && Date.now() < ends; )
        shown = await pageThatSays(finding);
      return shown;
    },
    async () => `no page says: ${finding}\n${(await setUpPages()).join('\n')}`,
  );
  return shown;
}

/** The frame of the set-up's page once it says this; other pages may be open, out of sight. */
async function pageThatSays(words) {
  for (const frame of framesOfPages()) {
    const text = await textOf(frame);
    if (text.includes(TITLE) && text.includes(words)) return frame;
  }
}

async function setUpPages() {
  const all = await Promise.all(framesOfPages().map(textOf));
  return all.filter((text) => text.includes(TITLE));
}

function framesOfPages() {
  return page.frames().filter((frame) => frame !== page.mainFrame());
}

/** What a frame says; nothing of one that has just gone. */
async function textOf(frame) {
  return frame.locator('body').innerText({ timeout: 500 }).catch(() => '');
}

/** Waits for a report in the active editor, and gives back its text. */
async function reported(isMeant) {
  const lines = page.locator('.editor-instance .view-lines').last();
  let text = '';
  const isShown = until(
    async () => {
      text = plain((await lines.allInnerTexts()).join('\n'));
      return isMeant.test(text);
    },
    () => `no report is shown: ${text}`,
  );
  const said = { hasText: 'This is what a report would say' };
  const toast = page.locator('.notification-toast', said).waitFor({ timeout: 15000 });
  const [, isSeen] = await Promise.all([isShown, toast.then(() => true, () => false)]);
  if (!isSeen) {
    // It hides itself after a while; the list of notifications still has it.
    await runCommand('Notifications: Show Notifications');
    await page.locator('.notifications-center .notification-list-item', said).first().waitFor();
    await runCommand('Notifications: Hide Notifications');
  }
  return text;
}
