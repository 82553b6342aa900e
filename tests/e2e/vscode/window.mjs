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
  context.setDefaultTimeout(PATIENCE);
  await context.addInitScript(letClicksThrough);
  await context.route('**', (route) => {
    const own = new URL(route.request().url()).hostname === '127.0.0.1';
    return own ? route.continue() : route.abort();
  });
}

export const endBrowser = () => browser.close();

/**
 * Runs in each page: what comes and goes by itself covers nothing. A hover may stay where the pointer
 * no longer is, and a message lies over what is at the bottom; its buttons are pressed by the keyboard.
 */
function letClicksThrough() {
  const style = new CSSStyleSheet();
  style.replaceSync('.monaco-hover, .notifications-toasts { pointer-events: none !important }');
  document.adoptedStyleSheets.push(style);
}

/** Opens the shop, trusts it, and opens its file of code. */
export async function openFile() {
  await openWindow(workspace);
  await trust();
  await openCode('stock.py');
}

/** Opens a window for a folder, which is not trusted. */
export async function openWindow(folder) {
  const others = logFiles();
  await openBare(folder);
  const isNew = (name) => !others.includes(name);
  const its = await until(
    () => logFiles().find(isNew),
    () => 'the extension was not activated',
  );
  logOf.set(page, its);
  say('workbench is up');
}

/** Opens a window for a folder, in which our extension may be missing. */
export async function openBare(folder) {
  page = await context.newPage();
  await page.addInitScript(noteWhatIsShown);
  await page.goto(`${url}/?folder=${encodeURIComponent(folder)}`);
  await page.waitForSelector('.monaco-workbench .part.statusbar');
}

/** Runs in the page: notes what our status says, however briefly, and each error of a message. */
function noteWhatIsShown() {
  const [ours, errors] = ['[aria-label^="Herdmate: "]', '.notification-toast .codicon-error'];
  const [states, failures] = [[], new Set()];
  Object.assign(globalThis, { statesShown: states, errorsShown: failures });
  const look = () => {
    const state = document.querySelector(`.part.statusbar ${ours}`)?.ariaLabel;
    if (state && state !== states.at(-1)) states.push(state);
    if (state?.startsWith('Herdmate: error')) failures.add(state);
    for (const found of document.querySelectorAll(errors))
      failures.add(found.closest('.notification-toast').innerText);
  };
  const what = { attributes: true, attributeFilter: ['class', 'aria-label'] };
  new MutationObserver(look).observe(document, { ...what, childList: true, subtree: true });
}

/** The words of every error that the window ever showed. */
export const errorsShown = () => page.evaluate(() => [...globalThis.errorsShown]);

/** Does something, and waits until our status has said one of these states since, however briefly. */
export async function untilSaid(states, act) {
  const before = await page.evaluate(() => globalThis.statesShown.length);
  await act();
  const said = () => page.evaluate((at) => globalThis.statesShown.slice(at), before);
  await until(
    async () => (await said()).some((label) => states.some((it) => label.includes(`: ${it}`))),
    async () => `none of ${states} was said, but ${await said()}`,
  );
}

/** The windows and pages that are open; a link that leaves the editor opens one more. */
export const pagesOpen = () => context.pages().length;

/** Opens a file of code, once the model is ready. */
export async function openCode(name) {
  await fromExplorer(name);
  await page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
  await page.locator('.part.statusbar').getByText('Python').waitFor();
  // VS Code does not ask again when a server comes late, so nothing is typed before it is ready.
  const settled = page.locator('[aria-label^="Herdmate: ready"], [aria-label^="Herdmate: error"]');
  await settled.first().waitFor();
  assert.match(
    await settled.first().getAttribute('aria-label'),
    /ready/,
    'the server cannot start',
  );
  say('the model is ready');
}

/** Opens a file by a double click in the explorer. */
export async function fromExplorer(name) {
  await page.getByRole('treeitem', { name }).dblclick();
}

/** Presses a button of a message or a question by the keyboard. */
export async function press(button, message) {
  await message.locator('.monaco-button', { hasText: button }).press('Enter');
}

/** Saves a file, of the workspace if its path is relative, and gives back its text. */
export async function savedAs(name) {
  await page.keyboard.press('Control+S');
  await page.locator('.tab.active.dirty').waitFor({ state: 'detached' });
  return fs.readFileSync(path.resolve(workspace, name), 'utf8');
}

/** Has the model nothing to do? */
export async function isReady() {
  return (await page.locator('[aria-label^="Herdmate: ready"]').count()) > 0;
}

/** Opens a new file of the workspace with the cursor between its parts, at the end of a line. */
export async function openNew(name, before, after) {
  write(path.join(workspace, name), before + after);
  await fromExplorer(name);
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
  if (pictured) await page.locator('.quick-input-list .monaco-list-row').first().waitFor();
  if (pictured) await pictureInBothThemes(pictured);
  await page.locator('.quick-input-widget input').first().fill(label); // it may be further down
  const row = page.locator('.quick-input-list .monaco-list-row', { hasText: label }).first();
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
  await page.keyboard.type(text, { delay: 30 }); // as the editor indents by what it has read
}

export async function backToTheCode() {
  await fromExplorer(/stock\.py/);
  await page.locator('.tab.active[data-resource-name="stock.py"]').waitFor();
}

/** Opens a file of the shop where the code is. */
export async function openShop(name) {
  await page.locator('.monaco-editor .view-lines').first().click();
  await fromExplorer(name);
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
    await isDrawn();
    if ((await ghostText()) === shown) return shown;
  }
}

/** Waits until the window has nothing to do: the lines of ghost text are drawn one after the other. */
async function isDrawn() {
  await page.waitForTimeout(300);
  await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
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

/** All that the server of a window has logged. */
export function log(window = page) {
  return fs.readFileSync(logOf.get(window), 'utf8');
}

/** Selects whole lines, the last one's end not included. */
export async function select({ first, last }) {
  await page.locator('.monaco-editor .view-lines').first().click();
  await goTo(first);
  for (let line = first; line < last; line++) await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Shift+End');
}

export async function runCommand(title, window = page) {
  await window.keyboard.press('F1');
  await window.locator('.quick-input-widget input').first().waitFor();
  await window.keyboard.type(title);
  const rows = window.locator('.quick-input-list .monaco-list-row');
  await rows.filter({ hasText: title }).first().waitFor();
  // Commands that ran before come first, even if they are only similar.
  const at = (await rows.allInnerTexts()).findIndex((text) => plain(text).includes(title));
  for (let above = 0; above < at; above++) await window.keyboard.press('ArrowDown');
  await window.keyboard.press('Enter');
}

/** Does something in a window of another browser, and closes it. */
export async function inBrowserOf(userAgent, act) {
  const other = await browser.newContext({ userAgent, permissions: ['clipboard-read', 'clipboard-write'] });
  const window = await other.newPage();
  await window.goto(`${url}/?folder=${workspace}`);
  await window.waitForSelector('.part.statusbar [aria-label^="Herdmate: "]'); // extensions are there
  const result = await act(window);
  await other.close();
  return result;
}

export async function saved(isSaved, name = 'stock.py') {
  const text = await savedAs(name);
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

/** Takes a picture each second, film/NNNN.png by the second; gives back what ends it. */
export function film() {
  const began = Date.now();
  let isOn = true;
  const take = async () => {
    while (isOn) {
      const second = Math.round((Date.now() - began) / 1000);
      const next = new Promise((resolve) => setTimeout(resolve, 1000));
      await picture(path.join('film', `${second}`.padStart(4, '0'))).catch(() => {}); // it loads
      await next;
    }
  };
  const taken = take();
  return async () => {
    isOn = false;
    await taken;
  };
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

/** A picture in VS Code's theme of high contrast, which it takes where the system wants one. */
export async function pictureInHighContrast(name) {
  await page.emulateMedia({ forcedColors: 'active' });
  await page.locator('.monaco-workbench.hc-black').waitFor();
  await picture(`${name}-contrast`);
  await page.emulateMedia({ forcedColors: 'none' });
  await page.locator('.monaco-workbench.vs-dark').waitFor();
}

/** A picture at a zoom of 200 %, then a look: half as much has room in the window. */
export async function pictureZoomed(name, look = () => {}) {
  await page.setViewportSize({ width: 640, height: 400 });
  await page.locator('.part.statusbar [aria-label^="Herdmate: "]').first().waitFor();
  await picture(`${name}-zoomed`);
  await look();
  await page.setViewportSize({ width: 1280, height: 800 });
}

/** Presses a key and then another, as VS Code has some of two. */
export async function pressBoth(first, second) {
  await page.keyboard.press(first);
  await page.locator('.part.statusbar').getByText('Waiting for second key').first().waitFor();
  await page.keyboard.press(second);
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
