// The explanation beside the code: it streams, is asked more, and is stopped.

import assert from 'node:assert/strict';
import { enginesPid, PATIENCE, say } from './machine.mjs';
import { EXPLAINED } from './shop.mjs';
import {
  page,
  picture,
  pictureForReadme,
  pictureInBothThemes,
  runCommand,
  select,
} from './window.mjs';

export async function explanationStreamsBesideTheCode() {
  await select(EXPLAINED);
  await runCommand('Herdmate: Explain Selection');
  const view = page.frameLocator('iframe.webview').frameLocator('#active-frame').locator('main');
  await view.waitFor({ state: 'attached', timeout: PATIENCE });
  const watched = view.evaluate(untilItIsWhole);
  await view.locator('p, li, pre').first().waitFor({ timeout: PATIENCE });
  await picture('3-explanation-streams');
  const sizes = await watched;
  const text = await view.innerText();
  say(`explanation of ${text.length} characters, grown in ${sizes.length} steps`);
  await picture('4-explanation');
  assert(text.length > 40, `hardly an explanation: ${text}`);
  assert(sizes.length > 1, 'the explanation came in one piece');
}

export async function aQuestionFollowsAndTheNextIsStopped() {
  const frame = page.frameLocator('iframe.webview').frameLocator('#active-frame');
  const [view, question] = [frame.locator('main'), frame.locator('#question')];
  await question.fill('May the list be empty?');
  await question.press('Enter');
  await view.locator('blockquote', { hasText: 'May the list be empty?' }).waitFor();
  await view.locator('blockquote ~ :is(p, pre, ul, ol)').first().waitFor({ timeout: PATIENCE });
  await question.waitFor({ timeout: PATIENCE }); // it comes back once the answer is whole
  await pictureInBothThemes('4b-question-answered');
  await pictureForReadme('explanation', { x: 352, y: 30, width: 924, height: 404 });
  assert.equal(await frame.locator('#error').innerText(), '');
  say(`answered: ${JSON.stringify((await view.innerText()).slice(-200))}`);

  await question.fill('Say again in other words what each line does.');
  await question.press('Enter');
  const cancel = page.locator('.notification-toast .monaco-text-button', { hasText: 'Cancel' });
  await cancel.waitFor({ timeout: PATIENCE });
  const engine = enginesPid();
  process.kill(engine, 'SIGSTOP'); // else the answer might be whole before it is stopped
  try {
    await cancel.click();
  } finally {
    process.kill(engine, 'SIGCONT');
  }
  const stopped = frame.locator('#error', { hasText: 'was stopped' });
  await stopped.waitFor();
  const { border, background } = await stopped.evaluate((element) => getComputedStyle(element));
  assert.match(
    `${border} ${background}`,
    /^0px .*rgba\(0, 0, 0, 0\)/,
    'stopping looks like an error',
  );
  await question.waitFor(); // one may go on from what was said before
  await page.locator('[aria-label^="Herdmate: ready"]').first().waitFor({ timeout: PATIENCE });
  await picture('4c-stopped');
  say('the answer to a second question was stopped');
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
