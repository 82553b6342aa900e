// The menu at the status bar, and what else tells of the server's state.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { home, MODEL, say, setMachine } from './machine.mjs';
import { untilLoadedAnew } from './models.mjs';
import { useScripted } from './scripted.mjs';
import {
  backToTheCode,
  choose,
  ghostText,
  newGhost,
  page,
  picture,
  pictureInBothThemes,
  pictureInHighContrast,
  press,
  pressBoth,
  runCommand,
  startAnew,
  untilGhost,
  untilLogged,
} from './window.mjs';

export async function theMenuPausesAndResumes() {
  await choose('Pause Ghost Text in Python', '1f-menu');
  await untilLogged('settings changed: completion.disabledIn');
  await startAnew('def of_same_price(items: list[Item]) -> list[Item]:\n');
  await untilLogged('no completion: it is switched off here by herdmate.completion.disabledIn');
  assert.equal(await ghostText(), '');
  await aSentenceLongerThanALineIsShownWhole();
  await choose('Resume Ghost Text in Python');
  await untilLogged('settings changed: completion.disabledIn', 2);
  await choose('Pause Ghost Text for an Hour');
  await startAnew('def of_same_count(items: list[Item]) -> list[Item]:\n');
  await untilLogged('no completion: it is paused until');
  assert.equal(await ghostText(), '');
  await choose('Resume Ghost Text');
  await startAnew('def of_same_name(items: list[Item]) -> list[Item]:\n');
  await newGhost();
  await page.keyboard.press('Escape');
  await runCommand('File: Revert File');
  await page.locator('.tab.active.dirty').waitFor({ state: 'detached' });
  say('ghost text was paused and resumed from the menu');
}

async function aSentenceLongerThanALineIsShownWhole() {
  await choose('Why No Suggestion?');
  const why = page.locator('.notification-toast', { hasText: 'There was no ghost text' });
  await why.locator('.monaco-button', { hasText: 'OK' }).waitFor();
  const its = why.locator('.notification-list-item-message');
  const isWhole = ({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth;
  assert(await its.evaluate(isWhole), 'the end of the message is cut off');
  await picture('1f-why');
  await theCodeHasTheKeyboard();
  await press('OK', why);
  await why.waitFor({ state: 'detached' });
  await page.locator('.part.statusbar [aria-label^="Herdmate: "]').first().click();
  await page.locator('.quick-input-list .monaco-list-row').first().waitFor();
  await page.keyboard.press('Escape');
  await theCodeHasTheKeyboard();
}

/** After the menu, a key that a message tells works at once. */
async function theCodeHasTheKeyboard() {
  const isThere = () => !!document.activeElement?.closest('.editor-instance .monaco-editor');
  await page.waitForFunction(isThere);
}

export async function ghostTextIsSwitchedAndGoneThroughByKeys() {
  await startAnew('def of_same_size(items: list[Item]) -> list[Item]:\n');
  const first = await newGhost();
  await page.keyboard.press('Alt+]');
  const second = await newGhost((text) => text !== first);
  await picture('1j-another-suggestion');
  await page.keyboard.press('Alt+[');
  await untilGhost((text) => text === first);
  await page.keyboard.press('Escape');
  await untilGhost((text) => text === '');
  await page.keyboard.press('Alt+\\');
  await untilGhost((text) => text === first);
  await page.keyboard.press('Escape');
  say(`gone from ${JSON.stringify(first)} to ${JSON.stringify(second)} and back`);

  const switched = page.locator('.part.statusbar [aria-label$="ghost text is off"]').first();
  await pressBoth('Control+Alt+H', 'T');
  await switched.waitFor();
  await pictureInBothThemes('1k-off');
  await pictureInHighContrast('1k-off');
  await pressBoth('Control+Alt+H', 'T');
  await switched.waitFor({ state: 'detached' });
  await runCommand('File: Revert File');
  await page.locator('.tab.active.dirty').waitFor({ state: 'detached' });
  say('ghost text was turned off and on by a key');
}

export async function whatTheModelSawLiesInNoFile() {
  await choose('Show What the Model Saw');
  const shown = page.frameLocator('iframe.webview').frameLocator('#active-frame').locator('main');
  await page.locator('.tab.active', { hasText: 'Herdmate: What the Model Saw' }).waitFor();
  await shown.getByRole('heading', { name: 'Prompt' }).waitFor();
  await pictureInBothThemes('1g-what-the-model-saw');
  await page.keyboard.press('Control+W');
  await choose('Show Statistics');
  await page.locator('.tab.active', { hasText: 'Herdmate: Ghost Text Statistics' }).waitFor();
  await shown.getByRole('cell', { name: 'Python' }).waitFor();
  await pictureInBothThemes('1g-statistics');
  assert(!fs.existsSync(path.join(home, '.cache/herdmate/shown')), 'code was written to a file');
  await backToTheCode();
  say('what the model saw is shown from memory');
}

export async function theLanguageStatusTellsTheState() {
  await page.locator('[id="status.languageStatus"]').first().hover();
  const told = page.locator('.hover-language-status', { hasText: 'Herdmate: ready' });
  await told.first().waitFor();
  await picture('1h-language-status');
  const isWhole = (link) => {
    const [its, all] = [link, link.closest('.monaco-hover')].map((it) =>
      it.getBoundingClientRect(),
    );
    return its.right <= all.right;
  };
  const menu = told.first().getByText('Menu');
  assert(await menu.evaluate(isWhole), 'the end of the language status is cut off');
  await page.mouse.move(640, 300);
  await page.locator('.part.statusbar [aria-label^="Herdmate: ready"]').first().hover();
  const tooltip = page.locator('.monaco-hover', { hasText: 'Turn Ghost Text Off' });
  await tooltip.first().waitFor();
  await picture('1h-tooltip');
  assert(!(await tooltip.first().innerText()).includes('\u00a0'), 'its lines break in words');
  await page.mouse.move(640, 300);
}

export async function theContextMenuSaysWhoseItIs() {
  await backToTheCode();
  await page.keyboard.press('Shift+F10');
  const ours = page.locator('.monaco-menu .action-item', { hasText: /^Herdmate$/ });
  await ours.first().hover();
  for (const title of ['Explain Selection', 'Refactor…', 'Change in My Own Words…'])
    await page.locator('.monaco-submenu .action-item', { hasText: title }).first().waitFor();
  await pictureInBothThemes('1h-context-menu');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await ours.first().waitFor({ state: 'detached' });
  say('the context menu says whose it is');
}

export async function aRemoteServerHasItsOwnSign() {
  const model = await useScripted(() => []);
  const item = page.locator('.part.statusbar [aria-label*="on a remote server"]').first();
  await item.locator('.codicon-cloud').waitFor();
  await pictureInBothThemes('1m-remote');
  await pictureInHighContrast('1m-remote');
  await model.close();
  await item.waitFor({ state: 'detached' });
  say('a remote server has a sign of its own');
}

export async function aLongMessageIsShownWholeByItsButton() {
  const [folder, end] = ['a-folder-of-models/', 'set herdmate.model to an existing one.'];
  setMachine({ 'herdmate.model': path.join(home, folder.repeat(20), 'model.gguf') });
  const message = page.locator('.notification-toast', { hasText: folder });
  await message.waitFor();
  assert(!(await message.innerText()).includes(end));
  await pictureInBothThemes('1n-long-message');
  await press('Details', message);
  const whole = page.locator('.monaco-dialog-box', { hasText: end });
  await whole.waitFor();
  await pictureInBothThemes('1n-details');
  await page.keyboard.press('Escape');
  await whole.waitFor({ state: 'detached' });
  await untilLoadedAnew(() => setMachine({ 'herdmate.model': MODEL }));
  await runCommand('Notifications: Clear All Notifications');
  say('a long message was shown whole by its button');
}

/** Only told: it depends on what else the machine does. */
export async function activationIsQuick() {
  await runCommand('Developer: Show Running Extensions');
  const row = page
    .locator('.runtime-extensions-editor .extension', { hasText: 'Herdmate' })
    .first();
  await row.waitFor();
  await picture('1i-activation');
  say(`activation: ${(await row.innerText()).replaceAll(/\s+/g, ' ')}`);
  await backToTheCode();
}
