// An explanation in a script that runs from right to left, at a zoom of 200 %.

import assert from 'node:assert/strict';
import path from 'node:path';
import { home, say, until, write } from './machine.mjs';
import { inWords, useScripted } from './scripted.mjs';
import { openShop, page, picture, pictureZoomed, runCommand, select } from './window.mjs';

const CODE = `def שווי(פריטים):
    """הערך של כל הפריטים."""
    return sum(פריט.מחיר for פריט in פריטים)
`;
const LONG = `${'an_identifier_'.repeat(12)}s_end`;
const SAID = `### מה זה עושה

\`sum()\` מחבר את המחירים של כל הפריטים, ו-\`${LONG}\` ארוך.

- פריט אחד: \`items[0].price\`
- هذا عنصر آخر

> ציטוט קצר.

This sentence is in English, with שווי in it.

| name | מה | ${LONG} |
| --- | --- | --- |
| \`items\` | הפריטים | ${'a cell with words, '.repeat(6)} |

\`\`\`python
def שווי(פריטים):  # ${'a long line of code '.repeat(12)}
    return ${LONG}
\`\`\`
`;

export async function anExplanationFitsAndTurns() {
  const model = await useScripted(() => inWords(SAID));
  write(path.join(home, 'shop/value.py'), CODE);
  await openShop('value.py');
  await select({ first: 1, last: 3 });
  await runCommand('Herdmate: Explain Selection');
  const frame = page.frameLocator('iframe.webview').frameLocator('#active-frame');
  await frame.getByRole('button', { name: 'Apply', exact: true }).waitFor();
  const main = frame.locator('main');
  await picture('4h-right-to-left');
  const ways = await main.evaluate((it) =>
    Object.fromEntries([...it.children].map((one) => [one.tagName, getComputedStyle(one).direction])),
  );
  const turned = ['H3', 'UL', 'BLOCKQUOTE'].map((name) => ways[name]);
  assert.deepEqual(turned, ['rtl', 'rtl', 'rtl'], JSON.stringify(ways));
  assert.deepEqual([ways.P, ways.PRE, ways.TABLE], ['ltr', 'ltr', 'ltr']); // the last paragraph's
  assert.equal(await main.evaluate(wayOfFirst, 'p'), 'rtl', 'code at its start turned a paragraph');
  for (const name of ['li code', 'pre']) assert.equal(await main.evaluate(wayOfFirst, name), 'ltr');
  await pictureZoomed('4h-right-to-left', async () => {
    // VS Code gives no group of editors less than 220 pixels, and cuts off what has no room.
    const { x } = await page.locator('iframe.webview').boundingBox();
    const room = page.viewportSize().width - x;
    const found = () => main.evaluate(tooWide, room);
    await until(
      async () => !(await found()).length,
      async () => `it does not fit into ${room} pixels: ${(await found()).join('; ')}`,
    );
    await picture('4h-right-to-left-zoomed');
  });
  say('an explanation ran the way of its scripts and fitted into a narrow window');
  await model.close();
  await openShop('stock.py');
}

/** Runs in the page. */
function wayOfFirst(main, selector) {
  return getComputedStyle(main.querySelector(selector)).direction;
}

/** Runs in the page: what is not within the room, but for what its own box scrolls. */
function tooWide(_, room) {
  const { clientWidth, scrollWidth } = document.documentElement;
  const isOut = (one) => {
    const { left, right } = one.getBoundingClientRect();
    return left < -0.5 || right > room + 0.5;
  };
  const all = [...document.body.querySelectorAll('*:not(#ruler, #news)')];
  const found = all.filter((one) => !one.parentElement.closest('pre, table') && isOut(one));
  const said = found.map((one) => `${one.tagName} ${one.textContent.slice(0, 30)}`);
  return scrollWidth > clientWidth ? [`the page: ${scrollWidth} in ${clientWidth}`, ...said] : said;
}
