// The walkthrough: its pictures are there, its steps do what they say, and are ticked once it happened.

import assert from 'node:assert/strict';
import { say } from './machine.mjs';
import {
  backToTheCode,
  newGhost,
  page,
  picture,
  pictureInBothThemes,
  pictureInHighContrast,
  runCommand,
} from './window.mjs';

/** What the picture of each step says. */
const PICTURES = {
  'Set it up': 'Welcome to Herdmate',
  'Choose a model': 'Recommended for this machine',
  'Explain code': 'Ask about this…',
  Refactor: 'Accept | Discard',
  'Ready: type here': 'best = items[0]',
};
const STEPS = Object.keys(PICTURES);

export async function theWalkthroughLeadsToGhostText() {
  await runCommand('View: Toggle Primary Side Bar Visibility'); // for the pictures' room
  await runCommand('Herdmate: Get Started');
  await step('Set it up').waitFor();
  const titles = await page.locator('.step-list-container .step-title').allInnerTexts();
  assert.deepEqual(titles, STEPS);
  for (const title of STEPS.slice(0, 2)) await untilTicked(title);
  for (const title of STEPS) {
    await step(title).locator('.step-title').click();
    const frame = page.frameLocator('iframe.webview');
    const image = frame.frameLocator('#active-frame').locator('svg', { hasText: PICTURES[title] });
    await image.waitFor();
    await pictureInBothThemes(`1j-${title.split(/\W/)[0]}`.toLowerCase());
    await pictureInHighContrast(`1j-${title.split(/\W/)[0]}`.toLowerCase());
  }
  // Nothing was explained yet; ghost text may have been accepted by an earlier scenario.
  assert.equal(await ticked('Explain code').count(), 0);
  await openTheSample();
  const shown = await newGhost();
  await picture('1k-ready-type-here');
  await page.keyboard.press('Tab');
  await runCommand('Herdmate: Get Started');
  await untilTicked('Ready: type here');
  await picture('1l-walkthrough-done');
  await discardTheSample();
  await runCommand('View: Toggle Primary Side Bar Visibility');
  await backToTheCode();
  say(`the walkthrough led to ${JSON.stringify(shown)}`);
}

/** Presses the button of the last step, which is open. */
export async function openTheSample() {
  await page.locator('.gettingStartedContainer').getByText('Open the Sample and Type').click();
  await page.locator('.tab.active[data-resource-name^="Untitled-"]').waitFor();
  await page.locator('.part.statusbar').getByText('Python').waitFor();
}

async function discardTheSample() {
  await page.locator('.tab[data-resource-name^="Untitled-"]').click();
  await runCommand('View: Revert and Close Editor');
  await page.locator('.tab[data-resource-name^="Untitled-"]').waitFor({ state: 'detached' });
}

export const step = (title) =>
  page.locator('.gettingStartedContainer .getting-started-step', { hasText: title }).first();

const ticked = (title) => step(title).locator('.codicon-getting-started-step-checked');

export async function untilTicked(title) {
  await ticked(title).first().waitFor();
}
