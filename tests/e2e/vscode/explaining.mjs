// The explanation beside the code: it streams, is asked more, and is stopped.

import assert from 'node:assert/strict';
import path from 'node:path';
import { home, say, whileTheModelWaits, write } from './machine.mjs';
import { CHANGED_REPORT, CODE, REPLY, REPORT, REPORT_FILE } from './report.mjs';
import { inWords, useScripted } from './scripted.mjs';
import { EXPLAINED } from './shop.mjs';
import {
  hasOnDisk,
  openShop,
  page,
  picture,
  pictureForReadme,
  pictureInBothThemes,
  pictureInHighContrast,
  pictureZoomed,
  pressBoth,
  runCommand,
  select,
} from './window.mjs';

const SHELF = (number) => `class Shelf${number}:
    """A shelf, and what it holds."""

    def __init__(self, names: list[str]) -> None:
        self.names = names

    def add(self, name: str) -> None:
        self.names.append(name)


`;
const LONG = Array.from({ length: 60 }, (_, number) => SHELF(number)).join('').trimEnd();
const LINES = LONG.split('\n').length;

export async function explanationStreamsBesideTheCode() {
  await select(EXPLAINED);
  const view = page.frameLocator('iframe.webview').frameLocator('#active-frame').locator('main');
  const [watched] = await whileTheModelWaits(async () => {
    await pressBoth('Control+Alt+H', 'E');
    await view.waitFor({ state: 'attached' });
    return [view.evaluate(untilItIsWhole)];
  });
  await view.locator('p, li, pre').first().waitFor();
  await picture('3-explanation-streams');
  const sizes = await watched;
  const text = await view.innerText();
  say(`explanation of ${text.length} characters, grown in ${sizes.length} steps`);
  await picture('4-explanation');
  await pictureInHighContrast('4-explanation');
  await pictureZoomed('4-explanation');
  assert(text.length > 40, `hardly an explanation: ${text}`);
  assert(sizes.length > 1, 'the explanation came in one piece');
}

export async function aQuestionFollowsAndTheNextIsStopped() {
  const frame = page.frameLocator('iframe.webview').frameLocator('#active-frame');
  const [view, question] = [frame.locator('main'), frame.locator('#question')];
  await question.fill('May the list be empty?');
  await question.press('Enter');
  await view.locator('blockquote', { hasText: 'May the list be empty?' }).waitFor();
  await view.locator('blockquote ~ :is(p, pre, ul, ol)').first().waitFor();
  await question.waitFor(); // it comes back once the answer is whole
  await pictureInBothThemes('4b-question-answered');
  await pictureForReadme('explanation', { x: 352, y: 30, width: 924, height: 404 });
  assert.equal(await frame.locator('#error').innerText(), '');
  say(`answered: ${JSON.stringify((await view.innerText()).slice(-200))}`);

  await question.fill('Say again in other words what each line does.');
  await whileTheModelWaits(async () => {
    await question.press('Enter');
    await frame.locator('#stop').click();
  });
  const stopped = frame.locator('#error', { hasText: 'was stopped' });
  await stopped.waitFor();
  const { border, background } = await stopped.evaluate((element) => getComputedStyle(element));
  assert.match(
    `${border} ${background}`,
    /^0px .*rgba\(0, 0, 0, 0\)/,
    'stopping looks like an error',
  );
  await question.waitFor(); // one may go on from what was said before
  await page.locator('[aria-label^="Herdmate: ready"]').first().waitFor();
  await picture('4c-stopped');
  say('the answer to a second question was stopped');
}

export async function longCodeIsExplainedPartByPart() {
  const held = Promise.withResolvers();
  const model = await useScripted(async function* () {
    await held.promise;
    yield* inWords('It keeps **stock**.');
  });
  write(path.join(home, 'shop/long.py'), LONG);
  await openShop('long.py');
  await page.locator('.monaco-editor .view-lines').first().click();
  await page.keyboard.press('Control+A');
  await runCommand('Herdmate: Explain Selection');
  const frame = page.frameLocator('iframe.webview').frameLocator('#active-frame');
  await frame.locator('#progress', { hasText: `Reading ${LINES} lines…` }).waitFor();
  await pictureInBothThemes('4d-reading');
  held.resolve();
  await frame.locator('#stop').waitFor({ state: 'hidden' });
  const headings = await frame.locator('main h3').allInnerTexts();
  await pictureInBothThemes('4e-part-by-part');
  assert.match(await frame.locator('main').innerText(), /too many to read at once/);
  assert(headings.length > 3, `${headings}`);
  assert.match(headings[0], /^Lines 1 to \d+: Shelf0, Shelf1, /);
  assert.match(headings.at(-1), new RegExp(`to ${LINES}: .*Shelf`));
  say(`${LINES} lines were explained in ${headings.length} parts`);
  await model.close();
}

export async function codeOfAnAnswerIsInsertedAndApplied() {
  const said = 'Instead of `list<Item>` it could be <b>shorter</b>:\n\n';
  const answers = ['It is short.', `${said}${REPLY}\n\nThat is all.`];
  const model = await useScripted(() => inWords(answers.shift()));
  write(REPORT_FILE, REPORT);
  await openShop('report.py');
  const first = REPORT.split('\n').findIndex((line) => line.startsWith('def ')) + 1;
  const frame = page.frameLocator('iframe.webview').frameLocator('#active-frame');
  for (const words of ['It is short.', 'That is all.']) {
    await select({ first, last: REPORT.trimEnd().split('\n').length });
    await runCommand('Herdmate: Explain Selection');
    await frame.locator('main', { hasText: words }).waitFor();
  }
  const button = (name) => frame.getByRole('button', { name, exact: true });
  await button('Apply').waitFor();
  await pictureInBothThemes('4f-code');
  assert.equal(await frame.locator('main b').count(), 0, 'what the model says became HTML');
  assert.match(await frame.locator('main').innerText(), /list<Item> it could be <b>shorter<\/b>/);

  const copied = button('Copy').evaluate(untilItSays, 'Copied'); // which it does for a moment
  await button('Copy').click();
  await copied;
  await page.locator('.monaco-editor .view-lines').first().click();
  await page.keyboard.press('Control+End');
  await button('Insert at Cursor').click();
  await page.locator('.tab.active.dirty', { hasText: 'report.py' }).waitFor();
  await page.locator('.monaco-editor.focused').first().waitFor();
  await hasOnDisk(REPORT_FILE, `${REPORT}${CODE}`);
  await page.locator('.monaco-editor .view-lines').first().click();
  await page.keyboard.press('Control+Z');
  await hasOnDisk(REPORT_FILE, REPORT);
  say('code of an answer was inserted, and one undo took it back');

  await button('Apply').click();
  const shown = page.locator('.tab.active[data-resource-name="Review: report.py"]');
  await shown.waitFor();
  await pictureInBothThemes('4g-applied-code-in-review');
  await page.keyboard.press('Control+Shift+Enter');
  await shown.waitFor({ state: 'detached' });
  await hasOnDisk(REPORT_FILE, CHANGED_REPORT);
  await page.locator('.monaco-editor .view-lines').first().click();
  await page.keyboard.press('Control+Z');
  await hasOnDisk(REPORT_FILE, REPORT);
  say('code of an answer was applied after its review');

  await button('Previous explanation').click();
  await frame.locator('main', { hasText: 'It is short.' }).waitFor();
  await button('Next explanation').click();
  await frame.locator('main', { hasText: 'That is all.' }).waitFor();
  await model.close();
  await openShop('stock.py');
}

/** Runs in the explanation's page. */
function untilItSays(button, words) {
  return new Promise((resolve) => {
    const look = () => button.textContent === words && resolve();
    new MutationObserver(look).observe(button, { childList: true });
  });
}

/** Runs in the explanation's page: the sizes that its text had, once it is whole. */
function untilItIsWhole(main) {
  const sizes = new Set();
  return new Promise((resolve) => {
    const look = () => {
      if (main.innerText.trim()) sizes.add(main.innerText.length);
      if (sizes.size && !main.classList.contains('streaming')) resolve([...sizes]);
    };
    new MutationObserver(look).observe(main, { attributes: true, childList: true, subtree: true });
    look();
  });
}
