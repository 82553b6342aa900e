// A folder and a file with a long path of blanks, umlauts, other scripts, emoji, `#` and `%`.

import assert from 'node:assert/strict';
import path from 'node:path';
import { home, say, write } from './machine.mjs';
import { isSimplified, simplify } from './refactoring.mjs';
import { EXPLAINED, SOURCE } from './shop.mjs';
import * as window from './window.mjs';
import { page, picture, runCommand } from './window.mjs';

const NAMES = ['Größere Übung #1', '100% Schafe 🐑', 'مشروع', 'ein langer Ordner '.repeat(10).trim()];
const FOLDER = path.join(home, ...NAMES);
const NAME = 'מלאי #2 50%25.py';
const FILE = path.join(FOLDER, NAME);
const TYPED = '# הפריט הזול ביותר, أرخص عنصر\ndef cheapest(items: list[Item]) -> Item:\n';

export async function anOddFolderWorksLikeAnyOther() {
  assert(FOLDER.length > 200);
  write(FILE, SOURCE);
  const first = page;
  await window.openWindow(FOLDER);
  await window.trust();
  await window.openCode(NAME);
  await window.startAnew(TYPED);
  const shown = await window.newGhost();
  await picture('12-odd-folder');
  await page.keyboard.press('Tab');
  await window.untilGhost((text) => text === '');
  const accepted = await window.saved((text) => text !== SOURCE, FILE);
  const before = `${SOURCE}\n\n${TYPED}    `;
  assert(accepted.startsWith(before), `accepting changed something else:\n${accepted}`);
  const added = accepted.slice(before.length);
  assert.equal(window.squeezed(added), window.squeezed(shown));
  assert.match(added, /^\S/, 'a stray space');
  say(`ghost text after another script: ${JSON.stringify(shown)}`);

  await window.select(EXPLAINED);
  await runCommand('Herdmate: Explain Selection');
  const frame = page.frameLocator('iframe.webview').frameLocator('#active-frame');
  await frame.locator('#question').waitFor(); // it comes once all is there
  await picture('12a-odd-folder-explained');
  assert((await frame.locator('main').innerText()).length > 40);

  await page.locator('.tab', { hasText: NAME }).first().click();
  await simplify();
  const review = page.locator('.tab.active', { hasText: `Review: ${NAME}` });
  await review.waitFor();
  await picture('12b-odd-folder-review');
  await page.keyboard.press('Control+Shift+Enter');
  await page.locator('.tab.active.dirty').waitFor();
  isSimplified(accepted, await window.saved((text) => text !== accepted, FILE));
  await window.closeWindow();
  await window.switchTo(first);
  say(`all worked in a folder of ${FOLDER.length} characters`);
}
