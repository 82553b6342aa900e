// The menu at the status bar, and what else tells of the server's state.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { home, say } from './machine.mjs';
import {
  backToTheCode,
  choose,
  ghostText,
  newGhost,
  page,
  picture,
  runCommand,
  startAnew,
  untilLogged,
} from './window.mjs';

export async function theMenuPausesAndResumes() {
  await choose('Pause in python', '1f-menu');
  await untilLogged('settings changed: completion.disabledIn');
  await startAnew('def of_same_price(items: list[Item]) -> list[Item]:\n');
  await untilLogged('no completion: it is switched off here by herdmate.completion.disabledIn');
  assert.equal(await ghostText(), '');
  await choose('Resume in python');
  await untilLogged('settings changed: completion.disabledIn', 2);
  await choose('Pause for an Hour');
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

export async function whatTheModelSawLiesInNoFile() {
  await choose('Show What the Model Saw');
  const tab = page.locator('.tab.active[data-resource-name^="what-the-model-saw"]');
  await tab.waitFor();
  await page.locator('.editor-instance').getByText('Prompt').first().waitFor();
  await picture('1g-what-the-model-saw');
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
  await page.keyboard.press('Escape');
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
