// Two windows at once, each with a workspace and a server of its own.

import assert from 'node:assert/strict';
import path from 'node:path';
import { home, pidsOf, say, until, write } from './machine.mjs';
import { SOURCE } from './shop.mjs';
import {
  closeWindow,
  ghostText,
  log,
  newGhost,
  openCode,
  openWindow,
  page,
  picture,
  startAnew,
  switchTo,
} from './window.mjs';

export async function twoWindowsDoNotDisturbEachOther() {
  const first = page;
  const [server] = pidsOf('info\0serve');
  write(path.join(home, 'garden/plants.py'), SOURCE);
  await openWindow(path.join(home, 'garden'));
  await openCode('plants.py');
  await startAnew('def lightest(items: list[Item]) -> Item:\n');
  const second = await newGhost();
  await picture('6h-second-window');
  assert.equal(pidsOf('info\0serve').length, 2, 'the windows have not a server each');

  const other = page;
  await switchTo(first);
  await startAnew('def heaviest(items: list[Item]) -> Item:\n');
  const shown = await newGhost();
  await page.keyboard.press('Escape');

  await switchTo(other);
  await closeWindow();
  await switchTo(first);
  await until(
    () => pidsOf('info\0serve').length === 1,
    () => 'the server of a closed window lives on',
  );
  assert.deepEqual(pidsOf('info\0serve'), [server]);
  await ghostTextOfOne(['smallest', 'dearest', 'cheapest']);
  await page.keyboard.press('Escape');
  say(`two windows: ${JSON.stringify(shown)} and ${JSON.stringify(second)}`);
}

/** Waits for ghost text in one of these functions: what the model writes may be of no use in another. */
async function ghostTextOfOne(names) {
  const silent = () => log().split('no completion: ').length;
  for (const name of names) {
    const before = silent();
    await startAnew(`def ${name}(items: list[Item]) -> Item:\n`);
    if (name === names.at(-1)) return newGhost();
    await until(
      async () => (await ghostText()).trim() || silent() > before,
      () => 'ghost text is neither shown nor refused',
    );
    if ((await ghostText()).trim()) return newGhost();
    await page.keyboard.press('Escape');
  }
}
