// The model picker. The test's own web server stops in the middle of each long answer.

import assert from 'node:assert/strict';
import { PATIENCE, say, setMachine, until } from './machine.mjs';
import { page, picture, pictureInBothThemes, runCommand } from './window.mjs';

const TITLE = 'Qwen2.5-Coder 0.5B Instruct';

export async function aFetchIsCancelledAndGoneOnWith() {
  const progress = page.locator('.notification-toast', { hasText: `Fetching ${TITLE}` });
  let had = 0;
  for (let times = 1; times <= 2; times++) {
    await pick(times === 1 ? '6i-models' : undefined);
    await progress.waitFor({ timeout: PATIENCE });
    await until(
      async () => (await megabytes(progress)) > had + 100,
      () => 'nothing more is fetched',
    );
    had = await megabytes(progress);
    if (times === 2) await picture('6j-fetching');
    await progress.locator('.monaco-text-button', { hasText: 'Cancel' }).click();
    await progress.waitFor({ state: 'detached' });
  }
  await untilLoadedAnew(pick);
  assert.equal(await progress.count(), 0);
  await picture('6k-fetched');
  await untilLoadedAnew(() => setMachine({}));
  say(`a fetch was cancelled twice, at ${had} MB at last, and gone on with`);
}

/** Does what changes the model, and waits until it is loaded; the one before was ready too. */
async function untilLoadedAnew(change) {
  const states = ['loading', 'ready'].map((state) => `[aria-label^="Herdmate: ${state}"]`);
  const [loading, ready] = states.map((label) => page.locator(label).first());
  const loads = loading.waitFor({ timeout: PATIENCE });
  await change();
  await loads;
  await ready.waitFor({ timeout: PATIENCE });
}

async function pick(pictured) {
  await runCommand('Herdmate: Choose a Model');
  const rows = page.locator('.quick-input-list .monaco-list-row');
  await page.locator('.quick-input-title', { hasText: 'Choose a Model' }).waitFor();
  await rows.first().waitFor();
  if (pictured) await picture('6h-all-models');
  assert.deepEqual(await rows.evaluateAll(cutOff), []);
  await page.keyboard.type(TITLE); // the list is longer than what is drawn of it
  const row = rows.filter({ hasText: TITLE }).first();
  await row.waitFor();
  if (pictured) await pictureInBothThemes(pictured);
  await row.click();
  await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
}

/** The details that have not all the room that they need; all rows where no detail was found. */
function cutOff(all) {
  const details = all.flatMap((row) => [...row.querySelectorAll('.quick-input-list-label-meta *')]);
  if (!details.length) return all.map((row) => row.innerText);
  return details.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.innerText);
}

/** How much is there, as the notification tells. */
async function megabytes(progress) {
  const text = (await progress.allInnerTexts()).join(' ');
  return Number(/(\d+) of \d+ MB/.exec(text)?.[1] ?? 0);
}
