// What a file imports from a library is known from VS Code's own TypeScript server.

import assert from 'node:assert/strict';
import path from 'node:path';
import { say, until, write } from './machine.mjs';
import {
  choose,
  closeWindow,
  log,
  newGhost,
  openCode,
  openNew,
  openShop,
  openWindow,
  page,
  picture,
  plain,
  switchTo,
  workspace,
} from './window.mjs';

const SIGNATURE = 'export declare function receiptFor(customer: string, cents: number): Receipt;';
const LIBRARY = {
  'package.json': JSON.stringify({ name: 'till', version: '1.0.0', types: 'index.d.ts' }),
  'index.js': 'exports.receiptFor = (customer, cents) => ({ customer, cents });\n',
  'index.d.ts': `export interface Receipt { cents: number }\n${SIGNATURE}\n`,
};

export async function whatIsImportedIsKnownFromTypeScript() {
  for (const [name, text] of Object.entries(LIBRARY)) {
    write(path.join(workspace, 'node_modules', 'till', name), text);
  }
  const first = page;
  await openWindow(workspace); // where a folder has just been trusted, the TypeScript server is not
  await openCode('stock.py');
  await openNew('receipt.ts', "import { receiptFor } from 'till';\n\n", '\n');
  await until(
    () => /found 1 definitions behind imports[^]*background: length/.test(log()), // read ahead
    () => 'the TypeScript server named no definition, or the model did not read it',
  );
  await page.keyboard.type('export const first = receiptFor(', { delay: 80 });
  await newGhost();
  await choose('Show What the Model Saw');
  await page.locator('.tab.active[data-resource-name^="what-the-model-saw"]').waitFor();
  let seen = '';
  const lines = page.locator('.editor-instance .view-lines');
  await until(
    async () => {
      seen = plain((await lines.allInnerTexts()).join('\n'));
      return seen.includes(SIGNATURE);
    },
    () => `the model did not see the library's signature:\n${seen}`,
  );
  assert(seen.includes('till/index.d.ts'), `no file is named:\n${seen}`);
  await picture('declarations');
  await openShop('receipt.ts');
  await closeWindow();
  await switchTo(first);
  say('the signature of a library stood in the prompt');
}
