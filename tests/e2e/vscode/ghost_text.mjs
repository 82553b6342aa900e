// Ghost text: shown, typed through, accepted in whole or in part, in files and in notebooks.

import assert from 'node:assert/strict';
import { say, whileTheModelWaits } from './machine.mjs';
import { SOURCE } from './shop.mjs';
import {
  backToTheCode,
  configure,
  fromExplorer,
  ghostText,
  ghostTextSeen,
  isPython,
  log,
  newGhost,
  page,
  picture,
  pictureForReadme,
  pictureInBothThemes,
  saved,
  squeezed,
  startAnew,
  untilGhost,
  untilLogged,
  watchGhostText,
} from './window.mjs';

const GREW = 'ghost text has grown';
const TYPED = '\n\ndef cheapest(items: list[Item]) -> Item:\n';

export async function ghostTextIsAcceptedWithTab() {
  await page.locator('.monaco-editor .view-lines').first().click();
  await page.keyboard.press('Control+End');
  await page.keyboard.type(TYPED, { delay: 15 }); // the editor indents the last line by itself
  const shown = await newGhost();
  say(`ghost text: ${JSON.stringify(shown)}`);
  await pictureInBothThemes('1-ghost-text');
  await pictureForReadme('ghost-text', { x: 360, y: 424, width: 656, height: 332 });

  await page.keyboard.press('Tab');
  await untilGhost((text) => text === '');
  const before = `${SOURCE}${TYPED}    `;
  const after = await saved((text) => text !== SOURCE);
  assert(after.startsWith(before), `accepting changed something else:\n${after}`);
  assert.equal(squeezed(after.slice(before.length)), squeezed(shown));
  say('accepted with Tab');
  await picture('2-accepted');
}

export async function typingThroughKeepsTheRest() {
  await startAnew('def dearest(items: list[Item]) -> Item:\n');
  const shown = await newGhost();
  const asked = timesAsked();
  assert(asked > 0, 'the log does not tell how often the model was asked');
  assert.match(shown, /^[\w. ]{3}/, 'nothing that can be typed plainly');
  for (let typed = 1; typed <= 3; typed++) {
    await page.keyboard.type(shown[typed - 1]);
    await untilGhost((text) => text === shown.slice(typed));
  }
  await picture('1b-typed-through');
  await page.keyboard.press('Tab');
  await untilGhost((text) => text === '');
  assert.equal(timesAsked(), asked, 'the model was asked again for what it had said');
  say(`typed through ${JSON.stringify(shown)}`);
}

/** Line by line, without a moment in which there is nothing. */
export async function aBodyGrowsWithoutAKey() {
  await configure('completion.timeBox', 500);
  await typedHead('Shop');
  await untilGhost((text) => text.trim());
  const ready = page.locator('[aria-label^="Herdmate: ready"]').first();
  await ready.waitFor(); // the model has ended
  await page.waitForTimeout(1000); // the last lines are drawn
  await picture('1f-grown');
  const seen = (await ghostTextSeen()).map(squeezed);
  say(`grew in ${seen.length - 1} steps to ${JSON.stringify(await ghostText())}`);
  assert(seen.length > 1, 'it did not grow');
  seen.reduce((shorter, longer) => {
    assert(longer.startsWith(shorter), `${longer} does not go on from ${shorter}`);
    return longer;
  });
  await page.keyboard.press('Tab');
  const text = await saved((code) => squeezed(code).includes(seen.at(-1)));
  isPython(text);
  await configure('completion.timeBox', 0);
}

export async function whatIsDismissedDoesNotGrow() {
  await configure('completion.timeBox', 500);
  await typedHead('Warehouse');
  await untilGhost((text) => text.trim());
  const times = await whileTheModelWaits(async () => {
    await page.keyboard.press('Escape');
    await untilGhost((text) => text === '');
    await watchGhostText();
    return log().split(GREW).length;
  });
  await untilLogged(GREW, times);
  await page.waitForTimeout(1000);
  assert.deepEqual(await ghostTextSeen(), [], 'what was dismissed came back');
  await configure('completion.timeBox', 0);
  await page.keyboard.type('self.name = name'); // the file is whole for what follows
  await page.keyboard.press('Escape');
  say('what was dismissed stays away');
}

export async function acceptingAWordKeepsTheRest() {
  await startAnew('def most(items: list[Item]) -> Item:\n');
  await isAcceptedInParts('Control+ArrowRight', '1c-word-accepted');
}

export async function acceptingALineKeepsTheRest() {
  await startAnew('class Shop:\ndef __init__(self, name: str, city: str, items: list[Item]):\n');
  await isAcceptedInParts('Alt+.', '1d-line-accepted');
}

export async function theEditorsOwnBracketIsNotDoubled() {
  await startAnew('def show(items: list[Item]) -> None:\nfor item in items:\nprint(');
  const shown = await newGhost();
  await picture('1e-before-a-bracket');
  await page.keyboard.press('Tab');
  await untilGhost((text) => text === '');
  const text = await saved((text) => text.includes('print('));
  const line = text.slice(text.lastIndexOf('print('));
  assert.equal(line.split('(').length, line.split(')').length, `brackets of ${line}`);
  isPython(text);
  say(`before the editor's bracket: ${JSON.stringify(shown)} makes ${JSON.stringify(line)}`);
}

export async function cellsOfANotebookKnowOfEachOther() {
  await fromExplorer(/sales\.ipynb/);
  const cell = page.locator('.notebookOverlay .cell-list-container .monaco-editor').nth(1);
  await cell.waitFor();
  await cell.click();
  await page.keyboard.press('Control+End');
  await page.keyboard.type('yearly = sum_of_', { delay: 15 });
  const shown = await newGhost();
  await picture('6b-notebook');
  assert(shown.startsWith('sales'), `the cell above was not seen: ${shown}`);
  say(`in a notebook's second cell: ${JSON.stringify(shown)}`);
  await page.keyboard.press('Escape');
  await backToTheCode();
}

/** Accepts a part with a key, and the rest with Tab. */
async function isAcceptedInParts(key, pictured) {
  const before = await saved(() => true);
  const shown = await newGhost();
  await page.keyboard.press(key);
  const rest = await newGhost((text) => text !== shown);
  await picture(pictured);
  for (let left = rest; left; ) {
    await page.keyboard.press('Tab');
    const last = left;
    // Tab indents first where the ghost text does, and for a moment none is shown.
    left = /^\s{4}/.test(last) ? await newGhost((text) => text !== last) : '';
  }
  await untilGhost((text) => text === '');
  const after = await saved((text) => text !== before);
  const [start, end, whole] = [before, rest, after].map(squeezed);
  assert(whole.startsWith(start) && whole.endsWith(end), `accepting changed more:\n${after}`);
  const part = whole.slice(start.length, -end.length);
  assert(part && squeezed(shown).startsWith(part), `${part} is no part of ${shown}`);
  say(`accepted ${JSON.stringify(part)}, then ${JSON.stringify(rest)}`);
}

/** How often the model was asked for ghost text, by the server's log. */
function timesAsked() {
  return log().split('typing: ').length - 1;
}

/** Types the head of what takes several lines. */
async function typedHead(name) {
  const values = ['name', 'street', 'city', 'country', 'phone', 'owner'].join(': str, ');
  await startAnew(`class ${name}:\ndef __init__(self, ${values}: str):`);
  await watchGhostText();
  await page.keyboard.press('Enter');
}
