// A newcomer's first minutes: from a VS Code without the extension to the first ghost text. The wheels
// and the model are on this machine, so what the network costs is not in the seconds.

import assert from 'node:assert/strict';
import path from 'node:path';
import { home, PATIENCE, say, setMachine, VSIX, write } from './machine.mjs';
import { fetchProgress, offerOfAModel } from './models.mjs';
import { answer, invitation, setUpProgress } from './server.mjs';
import { openTheSample, step, untilTicked } from './walkthrough.mjs';
import { serveWheels } from './wheel_index.mjs';
import * as window from './window.mjs';
import { page, picture, plain, press, runCommand } from './window.mjs';

/** Python takes this in before all else, where it is not told to be isolated. */
const TWO_GIGABYTES = `
try:
    import psutil
except ImportError:
    pass
else:
    told = psutil.virtual_memory
    psutil.virtual_memory = lambda: told()._replace(total=2 << 30)
`;
const PATCHES = path.join(home, 'small');
write(path.join(PATCHES, 'sitecustomize.py'), TWO_GIGABYTES);

/** As small as one for which the starter is recommended, which is what the test's hub has. */
export const MACHINE = { isNew: true, variables: { PYTHONPATH: PATCHES } };

export async function theFirstMinutes() {
  const index = await serveWheels();
  setMachine({ 'herdmate.setup.wheelIndex': index.url });
  const began = Date.now();
  let before = began;
  const took = (what) => {
    const [now, seconds] = [Date.now(), (from, to) => Math.round((to - from) / 1000)];
    say(`${what}: ${seconds(before, now)} s, at ${seconds(began, now)} s`);
    before = now;
  };
  await window.openBare(window.workspace);
  await window.trust();
  took('VS Code is open, its folder trusted');

  await installed();
  await invitation().waitFor();
  took('installed, the invitation is there');

  await press('Set Up', invitation());
  await answer('Fetch Ready-Made', 'f1-asks');
  await setUpProgress().waitFor();
  await setUpProgress().waitFor({ state: 'detached', timeout: 3 * PATIENCE });
  took('set up');

  const offer = offerOfAModel();
  await offer.waitFor();
  const said = plain(await offer.innerText());
  assert.match(said, /Recommended for this machine: .+ MB, .+SHA-256 .+ from /s);
  await picture('f2-no-model');
  took('a model is recommended');

  await offer.locator('.monaco-text-button').first().press('Enter');
  await fetchProgress().waitFor();
  await page.locator('[aria-label^="Herdmate: ready"]').first().waitFor();
  took('it is fetched and ready');

  if (!(await step('Set it up').count())) await runCommand('Herdmate: Get Started');
  for (const title of ['Set it up', 'Choose a model']) await untilTicked(title);
  await step('Ready: type here').locator('.step-title').click();
  await picture('f3-walkthrough');
  await openTheSample();
  took('the walkthrough led to the sample');

  const shown = await window.newGhost();
  await picture('f4-ghost-text');
  took(`the first ghost text: ${JSON.stringify(shown)}`);
  await page.keyboard.press('Tab');
  await window.untilGhost((text) => !shown.endsWith(text) || text === '');
  await picture('f5-accepted');

  assert.deepEqual(await window.errorsShown(), [], 'an error was shown');
  assert.equal(window.pagesOpen(), 1, 'it led out of the editor');
  index.server.close();
}

/** From its file, by the command that the list of extensions has. */
async function installed() {
  await runCommand('Extensions: Install from VSIX...');
  const name = page.locator('.quick-input-widget input').first();
  await name.waitFor();
  await name.fill(VSIX);
  await page.keyboard.press('Enter');
}
