// The model picker. The test's own web server stops in the middle of each long answer.

import assert from 'node:assert/strict';
import { MODEL, say, setMachine, until } from './machine.mjs';
import {
  page,
  picture,
  pictureForReadme,
  pictureInBothThemes,
  plain,
  press,
  runCommand,
  untilSaid,
} from './window.mjs';

const TITLE = 'Qwen2.5-Coder 0.5B Instruct';

/** In a home folder that has no models. */
export async function withoutAModelTheRecommendedIsOffered() {
  setMachine({ 'herdmate.model': 'auto' });
  const offer = offerOfAModel();
  await offer.waitFor();
  assert.deepEqual(await offer.locator('.monaco-text-button').allInnerTexts(), [
    'Fetch Recommended',
    'Fetch Starter',
    'Others…',
  ]);
  const said = plain(await offer.innerText());
  assert.match(said, /Recommended for this machine: .+ GB, .+SHA-256 .+ from Hugging Face/s);
  assert.equal(await page.locator('.notification-toast .codicon-error').count(), 0);
  const isCutOff = (all) => all.some((one) => one.scrollWidth > one.clientWidth);
  assert(!(await offer.locator('.monaco-text-button, .monaco-text-button *').evaluateAll(isCutOff)));
  await pictureInBothThemes('6g-no-model');
  await press('Others…', offer);
  await row('Recommended for this machine: ').waitFor();
  await page.keyboard.press('Escape');
  await untilLoadedAnew(() => setMachine({ 'herdmate.model': MODEL }));
  say('without a model the recommended one is offered');
}

export async function aFetchIsCancelledAndGoneOnWith() {
  const progress = fetchProgress();
  let had = 0;
  for (let times = 1; times <= 2; times++) {
    await pick(times === 1 ? '6i-models' : undefined);
    await progress.waitFor();
    await until(
      async () => (await megabytes(progress)) > had + 100,
      () => 'nothing more is fetched',
    );
    had = await megabytes(progress);
    if (times === 2) await picture('6j-fetching');
    await press('Cancel', progress);
    await progress.waitFor({ state: 'detached' });
  }
  await untilLoadedAnew(pick);
  assert.equal(await progress.count(), 0);
  await picture('6k-fetched');
  await untilLoadedAnew(() => setMachine({}));
  say(`a fetch was cancelled twice, at ${had} MB at last, and gone on with`);
}

/** Does what changes the model, and waits until it is loaded; the one before was ready too. */
export async function untilLoadedAnew(change) {
  await untilSaid(['loading'], change);
  await page.locator('[aria-label^="Herdmate: ready"]').first().waitFor();
}

async function pick(pictured) {
  await runCommand('Herdmate: Choose a Model');
  const rows = page.locator('.quick-input-list .monaco-list-row');
  await page.locator('.quick-input-title', { hasText: 'Choose a Model' }).waitFor();
  await rows.filter({ hasText: 'Recommended for this machine: ' }).first().waitFor();
  assert.deepEqual(await rows.evaluateAll(cutOff), []);
  if (pictured) {
    await picture('6h-few-models');
    await pictureForReadme('models', { x: 320, y: 0, width: 640, height: 400 });
    await rows.filter({ hasText: 'Show All…' }).click();
    await rows.filter({ hasText: 'Instruct Q2_K' }).first().waitFor();
    await picture('6h-all-models');
    assert.deepEqual(await rows.evaluateAll(cutOff), []);
  }
  await page.keyboard.type(TITLE); // the list is longer than what is drawn of it
  const row = rows.filter({ hasText: TITLE }).first();
  await row.waitFor();
  if (pictured) await pictureInBothThemes(pictured);
  await row.click();
  await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
}

const row = (text) => page.locator('.quick-input-list .monaco-list-row', { hasText: text }).first();

/** The details that have not all the room that they need; all rows where no detail was found. */
function cutOff(all) {
  const details = all.flatMap((row) => [...row.querySelectorAll('.quick-input-list-label-meta *')]);
  if (!details.length) return all.map((row) => row.innerText);
  return details.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.innerText);
}

/** The message in which a model is recommended where there is none. */
export function offerOfAModel() {
  return page.locator('.notification-toast', { hasText: 'Herdmate has no model yet' });
}

/** The message that says how much of the starter is there. */
export function fetchProgress() {
  return page.locator('.notification-toast', { hasText: `Fetching ${TITLE}` });
}

/** How much is there, as the notification tells. */
async function megabytes(progress) {
  const text = (await progress.allInnerTexts()).join(' ');
  return Number(/(\d+) of \d+ MB/.exec(text)?.[1] ?? 0);
}
