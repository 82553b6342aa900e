// The review of a change in the editor, hunk by hunk.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { say, until, write } from './machine.mjs';
import {
  CHANGED_REPORT,
  FIRST,
  LAST,
  NEW_FIRST,
  NEW_LAST,
  REPLY,
  REPORT,
  REPORT_FILE,
} from './report.mjs';
import { inWords, useScripted } from './scripted.mjs';
import {
  backToTheCode,
  fromExplorer,
  hasOnDisk,
  openShop,
  page,
  picture,
  pictureForReadme,
  pictureInBothThemes,
  pressBoth,
  runCommand,
  select,
  startAnew,
} from './window.mjs';

const OTHER_FILE = path.join(path.dirname(REPORT_FILE), 'other.py');
const CELL_REPLY = `\`\`\`python
def sum_of_sales(months):
    total = 0
    for month in months:
        total += month.sales
    return total
\`\`\``;

const shown = (name = 'report.py') => `.tab.active[data-resource-name="Review: ${name}"]`;

export async function eachHunkIsDecidedByItself() {
  const model = await useScripted(() => inWords(REPLY));
  await page.locator('.monaco-editor .view-lines').first().click(); // else the code is closed
  await runCommand('View: Close Editors in Other Groups');
  await review();
  await isOpen(2);
  await pictureInBothThemes('6f-review');
  await pictureForReadme('review', { x: 352, y: 30, width: 924, height: 404 });
  assert.equal(await page.locator('.tab.dirty').count(), 0, 'showing a change makes it');

  await page.keyboard.press('Control+Enter');
  await isOpen(1);
  await hasOnDisk(REPORT_FILE, REPORT.replace(FIRST, () => NEW_FIRST));
  await page.keyboard.press('Control+Z');
  await isOpen(2);
  await hasOnDisk(REPORT_FILE, REPORT);
  say('one was accepted, and taken back');

  await lens('Discard', 1).click();
  await isOpen(1);
  await page.keyboard.press('Control+Z');
  await isOpen(2);
  say('one was discarded, and taken back');

  await page.keyboard.press('Control+Home');
  await page.keyboard.press('Control+Backspace');
  await isOpen(1);
  await lens('Accept', 0).click();
  await hasEnded();
  await hasOnDisk(REPORT_FILE, REPORT.replace(LAST, () => NEW_LAST));
  await picture('6f-decided');
  await oneUndoRestores(REPORT);
  say('one was discarded and one accepted, which one undo took back');

  await review();
  await isOpen(2);
  await page.keyboard.press('Control+Shift+Enter');
  await hasEnded();
  await hasOnDisk(REPORT_FILE, CHANGED_REPORT);
  await oneUndoRestores(REPORT);
  say('all were accepted, which one undo took back');

  await review();
  await isOpen(2);
  await page.keyboard.press('Control+Shift+Backspace');
  await hasEnded();
  assert.equal(await page.locator('.tab.dirty').count(), 0, 'discarding changes the file');
  say('all were discarded');
  await model.close();
  await backToTheCode();
}

/** One that was undone does not come back with the next; the keys act on the newest that is open. */
export async function anEndedReviewStaysEnded() {
  let reply = REPLY;
  const model = await useScripted(() => inWords(reply));
  write(REPORT_FILE, REPORT);
  await review();
  await isOpen(2);
  await page.keyboard.press('Control+Enter');
  await isOpen(1);
  await page.keyboard.press('Control+Backspace');
  await hasEnded();
  await hasOnDisk(REPORT_FILE, REPORT.replace(FIRST, () => NEW_FIRST));
  await oneUndoRestores(REPORT);

  reply = `\`\`\`python\n${NEW_LAST}\`\`\``;
  await review('report.py', LAST);
  await isOpen(1);
  reply = `\`\`\`python\n${NEW_FIRST}\`\`\``;
  await review('report.py', FIRST);
  await isOpen(2);
  await page.keyboard.press('Control+Shift+Backspace');
  await hasEnded();

  await review('report.py', FIRST);
  await isOpen(1);
  reply = `\`\`\`python\n${NEW_LAST}\`\`\``;
  await review('report.py', LAST);
  await isOpen(2);
  await page.keyboard.press('Control+Enter');
  await isOpen(1);
  await hasOnDisk(REPORT_FILE, REPORT.replace(LAST, () => NEW_LAST));
  await page.keyboard.press('Control+W');
  await page.locator(shown()).waitFor({ state: 'detached' });
  await oneUndoRestores(REPORT);
  await review('report.py', LAST);
  await isOpen(1);
  await page.keyboard.press('Control+Backspace');
  await hasEnded();
  say('what had ended did not come back with the next review');
  await model.close();
  await backToTheCode();
}

export async function whatIsTypedMeanwhileIsKept() {
  const model = await useScripted(() => inWords(REPLY));
  await review();
  await isOpen(2);
  await openShop('report.py');
  await startAnew('LIMIT = 12');
  await page.keyboard.press('Escape');
  await runCommand('File: Save All Files');
  await page.locator('.tab.dirty').waitFor({ state: 'detached' });
  const typed = fs.readFileSync(REPORT_FILE, 'utf8');
  assert(typed.startsWith(REPORT) && typed.includes('LIMIT = 12'), typed);
  await runCommand('Herdmate: Show Review');
  await isOpen(2);
  await page.keyboard.press('Control+Shift+Enter');
  await hasEnded();
  await hasOnDisk(REPORT_FILE, typed.replace(REPORT, () => CHANGED_REPORT));
  await oneUndoRestores(typed);

  await review();
  await isOpen(2);
  await openShop('report.py');
  const row = REPORT.split('\n').indexOf(LAST.split('\n')[0]) + 1;
  await select({ first: row, last: row });
  await page.keyboard.type('    text = ""');
  await page.keyboard.press('Escape');
  await runCommand('Herdmate: Show Review');
  await isOpen(1); // where it was typed, nothing is suggested any more
  await page.keyboard.press('Control+W');
  await page.locator(shown()).waitFor({ state: 'detached' });
  await hasOnDisk(REPORT_FILE, typed.replace(LAST.split('\n')[0], () => '    text = ""'));
  say('what was typed during a review was kept');
  write(REPORT_FILE, REPORT);
  await model.close();
  await backToTheCode();
}

/** What was closed is opened again by what is accepted; two files are reviewed side by side. */
export async function aClosedFileIsChangedToo() {
  const model = await useScripted(() => inWords(REPLY));
  write(REPORT_FILE, REPORT);
  write(OTHER_FILE, REPORT);
  await review('other.py');
  await isOpen(2);
  await openShop('other.py');
  await page.keyboard.press('Control+W');
  await review();
  await isOpen(2);
  await page.keyboard.press('Control+Shift+Enter');
  await page.locator(shown()).waitFor({ state: 'detached' });
  await hasOnDisk(REPORT_FILE, CHANGED_REPORT);
  await page.locator('.tab', { hasText: 'Review: other.py' }).click();
  await page.locator('.monaco-editor .view-lines').first().click();
  await isOpen(2);
  await page.keyboard.press('Control+Shift+Enter');
  await page.locator(shown('other.py')).waitFor({ state: 'detached' });
  await hasOnDisk(OTHER_FILE, CHANGED_REPORT);
  write(REPORT_FILE, REPORT);
  say('two files were reviewed, one of them closed');
  await model.close();
  await backToTheCode();
}

export async function aCellOfANotebookIsReviewed() {
  const model = await useScripted(() => inWords(CELL_REPLY));
  await page.locator('.monaco-editor .view-lines').first().click();
  await fromExplorer(/sales\.ipynb/);
  const cell = page.locator('.notebookOverlay .cell-list-container .monaco-editor').first();
  await cell.waitFor();
  await cell.click();
  await page.keyboard.press('Control+A');
  await runCommand('Refactor...');
  const choice = page.locator('.action-widget').getByText('Simplify');
  await choice.waitFor();
  await choice.click();
  await page.locator(shown('sales.ipynb (cell)')).waitFor();
  await isOpen(1);
  await picture('6g-review-of-a-cell');
  await page.keyboard.press('Control+Enter');
  await page.locator(shown('sales.ipynb (cell)')).waitFor({ state: 'detached' });
  await cell.getByText('total = 0').waitFor();
  await cell.click();
  await page.keyboard.press('Control+Z');
  await cell.getByText('total = 0').waitFor({ state: 'detached' });
  say('a cell of a notebook was reviewed');
  await model.close();
  await backToTheCode();
}

/** Asks for Simplify of the function, or of some of its lines. */
async function review(name = 'report.py', code = REPORT.slice(REPORT.indexOf('def '))) {
  if (!fs.existsSync(REPORT_FILE)) write(REPORT_FILE, REPORT);
  await openShop(name);
  const first = REPORT.slice(0, REPORT.indexOf(code)).split('\n').length;
  await select({ first, last: first + code.trimEnd().split('\n').length - 1 });
  await pressBoth('Control+Alt+H', 'R');
  await page.locator('.quick-input-list .monaco-list-row', { hasText: 'Simplify' }).click();
  await page.locator(shown(name)).waitFor();
}

/** So many hunks wait for a decision. */
async function isOpen(count) {
  await until(
    async () => (await lens('Accept').count()) === count,
    () => `there are not ${count} hunks to decide on`,
  );
}

/** The tab of the review has gone, and the code is shown again. */
async function hasEnded() {
  await page.locator(shown()).waitFor({ state: 'detached' });
  await page.locator('.tab.active[data-resource-name="report.py"]').waitFor();
}

function lens(label, at) {
  const all = page.locator('.codelens-decoration a', { hasText: new RegExp(`^\\W*${label}$`) });
  return at === undefined ? all : all.nth(at);
}

async function oneUndoRestores(before) {
  await page.locator('.monaco-editor .view-lines').first().click();
  await page.keyboard.press('Control+Z');
  await page.locator('.tab.active.dirty').waitFor();
  await hasOnDisk(REPORT_FILE, before);
}
