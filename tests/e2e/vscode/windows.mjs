// Two windows at once, each with a workspace and a server of its own.

import assert from 'node:assert/strict';
import path from 'node:path';
import { home, pidsOf, say, until, write } from './machine.mjs';
import { SOURCE } from './shop.mjs';
import {
  closeWindow,
  log,
  newGhost,
  openCode,
  openWindow,
  page,
  picture,
  startAnew,
  switchTo,
  untilLogged,
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
  const asked = log().split('host: typing: ').length;
  await startAnew('def smallest(items: list[Item]) -> Item:\n');
  await untilLogged('host: typing: ', asked); // whatever the model writes
  await page.keyboard.press('Escape');
  say(`two windows: ${JSON.stringify(shown)} and ${JSON.stringify(second)}`);
}
