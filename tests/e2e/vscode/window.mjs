// A window of VS Code, and what a person does in each.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import {
  home,
  logFiles,
  OUT,
  PATIENCE,
  PYTHON,
  say,
  setMachine,
  TOOLS,
  until,
  write,
} from './machine.mjs';
import { NOTEBOOK, SOURCE } from './shop.mjs';

const { chromium } = createRequire(path.join(TOOLS, 'package.json'))('playwright-core');

export const workspace = path.join(home, 'shop');
const file = path.join(workspace, 'stock.py');
export const onDisk = () => fs.readFileSync(file, 'utf8');
write(file, SOURCE);
write(path.join(workspace, 'sales.ipynb'), JSON.stringify(NOTEBOOK));

const GHOST_TEXT = [
  '.ghost-text-decoration, .ghost-text-decoration-preview',
  '.suggest-preview-text', // the further lines
];

/** The window in which a person works now. */
export let page;

let browser;
let context;
let url;
const logOf = new Map(); // by window

export async function openBrowser(codeServerUrl) {
  url = codeServerUrl;
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-dev-shm-usage',
    ],
  });
  context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: 'reduce',
    colorScheme: 'dark',
  });
  context.setDefaultTimeout(30_000);
  await context.route('**', (route) => {
    const own = new URL(route.request().url()).hostname === '127.0.0.1';
    return own ? route.continue() : route.abort();
  });
}

export const endBrowser = () => browser.close();

/** Opens the shop, trusts it, and opens its file of code. */
export async function openFile() {
  await openWindow(workspace);
  await trust();
  await openCode('stock.py');
}

/** Opens a window for a folder, which is not trusted. */
export async function openWindow(folder) {
  const others = logFiles();
  page = await context.newPage();
  await page.goto(`${url}/?folder=${folder}`);
  await page.waitForSelector('.monaco-workbench .part.statusbar');
  const isNew = (name) => !others.includes(name);
  const its = await until(
    () => logFiles().find(isNew),
    () => 'the extension was not activated',
  );
  logOf.set(page, its);
  say('workbench is up');
}

/** Opens a file of code, once the model is ready. */
export async function openCode(name) {
  await page.getByRole('treeitem', { name }).dblclick();
  await page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
  await page.locator('.part.statusbar').getByText('Python').waitFor();
  // VS Code does not ask again when a server comes late, so nothing is typed before it is ready.
  const settled = page.locator('[aria-label^="Herdmate: ready"], [aria-label^="Herdmate: error"]');
  await settled.first().waitFor({ timeout: PATIENCE });
  assert.match(
    await settled.first().getAttribute('aria-label'),
    /ready/,
    'the server cannot start',
  );
  say('the model is ready');
}

/** Saves a file of the workspace and gives back its text. */
export async function savedAs(name) {
  await page.keyboard.press('Control+S');
  await page.locator('.tab.active.dirty').waitFor({ state: 'detached' });
  return fs.readFileSync(path.join(workspace, name), 'utf8');
}

/** Has the model nothing to do? */
export async function isReady() {
  return (await page.locator('[aria-label^="Herdmate: ready"]').count()) > 0;
}

/** Opens a new file of the workspace with the cursor between its parts, at the end of a line. */
export async function openNew(name, before, after) {
  write(path.join(workspace, name), before + after);
  await page.getByRole('treeitem', { name }).dblclick();
  await page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
  await page.locator('.monaco-editor .view-lines').first().click();
  await goTo(before.split('\n').length);
  await page.keyboard.press('End');
}

async function goTo(line) {
  await page.keyboard.press('Control+G');
  await page.locator('.quick-input-widget input').first().waitFor();
  await page.keyboard.type(`${line}`);
  await page.keyboard.press('Enter');
  await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
}

/** Trusts the folder of the window. */
export async function trust() {
  await page.locator('.part.statusbar').getByText('Restricted Mode').click();
  const question = page.locator('.workspace-trust-editor');
  await question.getByRole('button', { name: 'Trust', exact: true }).click();
  await page.locator('.part.statusbar').getByText('Restricted Mode').waitFor({ state: 'detached' });
}

/** Saves and closes the window. */
export async function closeWindow() {
  await page.keyboard.press('Control+S');
  await page.locator('.tab.active.dirty').waitFor({ state: 'detached' });
  page.on('dialog', (dialog) => dialog.accept());
  const closed = page.waitForEvent('close');
  await page.close({ runBeforeUnload: true });
  await closed;
}

/** Works in another window from now on. */
export async function switchTo(window) {
  page = window;
  await page.bringToFront();
}

/** Chooses from the menu that a click on the status bar opens, and goes back to the code. */
export async function choose(label, pictured) {
  await page.locator('.part.statusbar [aria-label^="Herdmate: "]').first().click();
  const row = page.locator('.quick-input-list .monaco-list-row', { hasText: label }).first();
  await row.waitFor();
  if (pictured) await pictureInBothThemes(pictured);
  await row.click();
  await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
}

/** Waits until the server has logged some words so often. */
export async function untilLogged(words, times = 1) {
  await until(
    () => log().split(words).length > times,
    () => `the log does not tell: ${words}`,
  );
}

/** Changes a setting and waits until the running server's log tells of it. */
export async function configure(name, value) {
  const words = `settings changed: ${name}`;
  const before = log().split(words).length - 1;
  setMachine({ [`herdmate.${name}`]: value });
  await untilLogged(words, before + 1);
}

/** Types at the file's end, in a new line that is not indented; the editor indents the others. */
export async function startAnew(text) {
  await page.locator('.monaco-editor .view-lines').first().click();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+End');
  await page.keyboard.type('\n\n');
  for (let level = 0; level < 4; level++) await page.keyboard.press('Shift+Tab');
  // A key's command may run after what is typed next, but never after the next command.
  await page.keyboard.press('F1');
  await page.locator('.quick-input-widget input').first().waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  await page.keyboard.type(text, { delay: 15 });
}

export async function backToTheCode() {
  await page.getByRole('treeitem', { name: /stock\.py/ }).dblclick();
  await page.locator('.tab.active[data-resource-name="stock.py"]').waitFor();
}

/** Opens a file of the shop where the code is. */
export async function openShop(name) {
  await page.locator('.monaco-editor .view-lines').first().click();
  await page.getByRole('treeitem', { name }).dblclick();
  await page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
}

/** Saves everything; then a file has a text. What was closed gets its tab, to be saved, a bit later. */
export async function hasOnDisk(name, text) {
  await until(
    async () => {
      await runCommand('File: Save All Files');
      await page.locator('.tab.dirty').waitFor({ state: 'detached' });
      return fs.readFileSync(name, 'utf8') === text;
    },
    () => `${name} is not what it should be:\n${fs.readFileSync(name, 'utf8')}`,
  );
}

/** Waits for ghost text that is drawn whole, of a kind, and gives it back. */
export async function newGhost(isMeant = () => true) {
  for (;;) {
    const shown = await untilGhost((text) => text.trim() && isMeant(text));
    // Its lines are drawn one after the other.
    await new Promise((resolve) => setTimeout(resolve, 300));
    if ((await ghostText()) === shown) return shown;
  }
}

/** Waits for ghost text of a kind, which it gives back. */
export async function untilGhost(isMeant) {
  let text;
  const look = async () => {
    text = await ghostText();
    return isMeant(text);
  };
  await until(look, () => `the ghost text is ${JSON.stringify(text)}`);
  return text;
}

/** All ghost text in the editor, its lines joined. */
export async function ghostText() {
  const [first, further] = GHOST_TEXT.map((part) => page.locator(part));
  return plain([await first.allInnerTexts(), await further.allInnerTexts()].flat().join(''));
}

/** Notes all ghost text that is drawn from now on. */
export async function watchGhostText() {
  await page.evaluate((parts) => {
    const drawn = [];
    const look = (now) => {
      if (globalThis.drawn !== drawn) return; // another watch has begun
      const elements = parts.flatMap((part) => [...document.querySelectorAll(part)]);
      const text = elements.map((element) => element.innerText).join('');
      if (text !== drawn.at(-1)?.text) drawn.push({ text, since: now });
      drawn.at(-1).until = now;
      requestAnimationFrame(look);
    };
    globalThis.drawn = drawn;
    requestAnimationFrame(look);
  }, GHOST_TEXT);
}

/** What could be read of it, from the first on: its lines are drawn one after the other. */
export async function ghostTextSeen() {
  const drawn = await page.evaluate(() => globalThis.drawn);
  const read = drawn.filter(({ since, until }) => until - since > 100);
  const texts = read.map(({ text }) => plain(text));
  const first = texts.findIndex((text) => text.trim());
  return first < 0 ? [] : texts.slice(first);
}

/** All that the server of this window has logged. */
export function log() {
  return fs.readFileSync(logOf.get(page), 'utf8');
}

/** Selects whole lines, the last one's end not included. */
export async function select({ first, last }) {
  await page.locator('.monaco-editor .view-lines').first().click();
  await goTo(first);
  for (let line = first; line < last; line++) await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Shift+End');
}

export async function runCommand(title) {
  await page.keyboard.press('F1');
  await page.locator('.quick-input-widget input').first().waitFor();
  await page.keyboard.type(title);
  await page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first().waitFor();
  await page.keyboard.press('Enter');
}

export async function saved(isSaved) {
  const text = await savedAs('stock.py');
  assert(isSaved(text), `the file was not changed:\n${text}`);
  return text;
}

export function isPython(text) {
  const parsed = spawnSync(PYTHON, ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], {
    input: text,
    encoding: 'utf8',
  });
  assert.equal(parsed.status, 0, `${parsed.stderr}\n${text}`);
}

export async function picture(name) {
  await page.screenshot({ path: path.join(OUT, `${name}.png`) });
}

/** A picture in the dark theme and one in the light, which must not disturb what is shown. */
export async function pictureInBothThemes(name) {
  await picture(name);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.locator('.monaco-workbench.vs').waitFor();
  await picture(`${name}-light`);
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.locator('.monaco-workbench.vs-dark').waitFor();
}

/** The picture of that name in README: a part of the window. */
export async function pictureForReadme(name, clip) {
  await page.mouse.move(200, 500); // where it hovers over nothing
  await page.screenshot({ path: path.join(OUT, 'readme', `${name}.png`), clip });
}

export function squeezed(text) {
  return text.replaceAll(/\s/g, '');
}

export function plain(text) {
  return text.replaceAll('\u00a0', ' ');
}
