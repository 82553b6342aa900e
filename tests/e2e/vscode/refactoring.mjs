// Refactorings: only what is selected changes, after a preview where one is asked for.

import assert from 'node:assert/strict';
import { say, whileTheModelWaits } from './machine.mjs';
import { linesFrom, linesUpTo, SIMPLIFIED } from './shop.mjs';
import {
  configure,
  isPython,
  onDisk,
  page,
  picture,
  pictureForReadme,
  pictureInBothThemes,
  press,
  runCommand,
  saved,
  select,
  squeezed,
  startAnew,
} from './window.mjs';

export async function refactoringChangesOnlyTheSelection() {
  const before = onDisk();
  await simplify('5-refactorings');
  await page.locator('.tab.active', { hasText: 'Review: stock.py' }).waitFor();
  await pictureInBothThemes('5b-review');
  await page.keyboard.press('Control+Shift+Enter');
  await page.locator('.tab.active.dirty').waitFor();
  const after = await saved((text) => text !== before);
  isSimplified(before, after);
  await picture('6-refactored');
  await oneUndoRestores(before);
}

export async function staleDocumentIsLeftAloneUntilRunAgain() {
  await configure('refactor.preview', 'never');
  const before = onDisk();
  const typed = '\n\nLIMIT = 12\n';
  await whileTheModelWaits(async () => {
    await simplify();
    await page.locator('.notification-toast', { hasText: 'Simplify' }).waitFor();
    await startAnew(typed.trim());
  });
  const offer = page.locator('.notification-toast', { hasText: 'The file changed while' });
  await offer.waitFor();
  await picture('6e-stale');
  const changed = await saved((text) => text !== before);
  assert.equal(squeezed(changed), squeezed(before + typed), 'a refused change changed the file');
  assert(changed.startsWith(before.trimEnd()), `a refused change changed the file:\n${changed}`);

  await press('Run again', offer);
  await page.locator('.tab.active.dirty').waitFor();
  isSimplified(changed, await saved((text) => text !== changed));
  say('a stale change was refused, and made when it was run again');
  await oneUndoRestores(changed);
  await configure('refactor.preview', undefined);
}

/** Asks for Simplify of the function SIMPLIFIED, by the menu that the light bulb opens. */
export async function simplify(pictured) {
  await select(SIMPLIFIED);
  await runCommand('Refactor...');
  const choice = page.locator('.action-widget').getByText('Herdmate: Simplify', { exact: true });
  await choice.waitFor();
  const explain = page.locator('.action-widget').getByText('Herdmate: Explain', { exact: true });
  assert(await explain.isVisible(), 'Explain is not in the light bulb');
  if (pictured) {
    await pictureInBothThemes(pictured);
    const { x, y, width, height } = await page.locator('.action-widget').first().boundingBox();
    const clip = { x: x - 64, y: y - 48, width: width + 160, height: height + 56 };
    await pictureForReadme('refactorings', clip);
  }
  await choice.click();
}

export function isSimplified(before, after) {
  const [head, tail] = [linesUpTo(before, SIMPLIFIED.first), linesFrom(before, SIMPLIFIED.last)];
  assert(
    after.startsWith(head) && after.endsWith(tail),
    `changed outside the selection:\n${after}`,
  );
  isPython(after);
  say(`refactored to ${JSON.stringify(after.slice(head.length, after.length - tail.length))}`);
}

async function oneUndoRestores(before) {
  await page.locator('.tab', { hasText: 'stock.py' }).first().click();
  await page.locator('.monaco-editor .view-lines').first().click();
  await page.keyboard.press('Control+Z');
  await page.locator('.tab.active.dirty').waitFor();
  assert.equal(await saved(() => true), before, 'one undo does not restore the file');
}
