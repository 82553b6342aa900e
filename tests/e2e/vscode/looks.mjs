// Types in a real VS Code in eleven languages, 80 to 200 ms a key, looks up now and then, and
// measures the time from a key to new ghost text on the screen. tests/e2e/looks_in_vscode.py runs
// it in the environment of e2e.mjs.

import fs from 'node:fs';
import path from 'node:path';
import { endCodeServer, OUT, say, startCodeServer } from './machine.mjs';
import { BELOW, LOOK, SCRIPTS } from './scripts.mjs';
import {
  endBrowser,
  openBrowser,
  openFile,
  openNew,
  page,
  picture,
  plain,
  squeezed,
  watchGhostText,
} from './window.mjs';

const GAPS = [80, 200]; // milliseconds between two keys
const PATIENCE = 10_000; // then whoever has looked up types on
const STILL = 1000; // without growth for so long it counts as whole
const SETTLED = 300; // what a key leaves of the ghost text is drawn by then

let seed = 1;
const looks = [];
const codeServer = await startCodeServer();
await openBrowser(codeServer.url);
let failure;
try {
  await openFile();
  await page.evaluate(noteKeys);
  for (const script of SCRIPTS) await typed(script);
} catch (error) {
  failure = error;
  await picture('failure').catch(() => {});
}
await endBrowser();
await endCodeServer(codeServer);
fs.writeFileSync(path.join(OUT, 'looks.json'), JSON.stringify(looks));
if (failure) console.error(failure);
process.exit(failure ? 1 : 0);

async function typed({ file, before, typed, after = '\n' }) {
  await openNew(file, before, after);
  await watchGhostText();
  for (const key of typed) {
    if (key === LOOK) {
      const found = await look(file);
      if (found) looks.push(found);
      continue;
    }
    for (const name of namesOf(key)) await page.keyboard.press(name);
    await page.waitForTimeout(GAPS[0] + chance() * (GAPS[1] - GAPS[0]));
  }
  await page.keyboard.press('Escape');
}

/** What comes after the last key; undefined if that left something of what was shown before. */
async function look(file) {
  for (const ends = Date.now() + PATIENCE; Date.now() < ends; await page.waitForTimeout(50)) {
    const { pressed, now, before, after } = await sinceTheKey();
    if (before && now - pressed > SETTLED) {
      const next = after[0]?.text ?? before;
      if (next && squeezed(before).endsWith(squeezed(next))) return undefined;
    }
    const first = after.find(({ text }) => text);
    if (first && (!before || now - pressed > SETTLED)) return untilWhole(file, first, pressed);
  }
  say(`${file}: nothing`);
  return { file, seconds: null };
}

async function untilWhole(file, { since }, pressed) {
  let { after, now } = await sinceTheKey();
  while (now - after.at(-1).since < STILL) {
    await page.waitForTimeout(100);
    ({ after, now } = await sinceTheKey());
  }
  await picture(`look-${looks.length}`);
  const texts = after.filter(({ text }) => text);
  const [seconds, whole] = [since, texts.at(-1).since].map((at) => (at - pressed) / 1000);
  const { text } = texts.at(-1);
  say(`${file}: ${seconds.toFixed(2)} s, whole ${whole.toFixed(2)} s: ${JSON.stringify(text)}`);
  return { file, seconds, whole, steps: texts.length - 1, text };
}

/** When the last key was pressed, what was drawn before it and what was drawn since. */
async function sinceTheKey() {
  const { pressed, now, drawn } = await page.evaluate(() => ({
    pressed: globalThis.pressed,
    now: performance.now(),
    drawn: globalThis.drawn,
  }));
  const texts = drawn.map(({ text, since }) => ({ text: plain(text), since }));
  const before = texts.filter(({ since }) => since <= pressed).at(-1)?.text ?? '';
  return { pressed, now, before, after: texts.filter(({ since }) => since > pressed) };
}

/** Runs in the page. */
function noteKeys() {
  const note = () => {
    globalThis.pressed = performance.now();
  };
  document.addEventListener('keydown', note, { capture: true });
}

function namesOf(key) {
  if (key === BELOW) return ['ArrowDown', 'End'];
  return [key === '\n' ? 'Enter' : key === ' ' ? 'Space' : key];
}

/** The same numbers in each run, by the usual linear congruence. */
function chance() {
  seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
  return seed / 2 ** 32;
}
