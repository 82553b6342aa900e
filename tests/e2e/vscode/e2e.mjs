// Works as a person would in a real VS Code (code-server, shown by Chromium), with the real
// extension, the real server and a real model. `install.sh` beside this file installs what it needs;
// tests/e2e/test_vscode.py runs it.
//
//   HERDMATE_E2E_TOOLS    where install.sh put Node, code-server and playwright-core
//   HERDMATE_E2E_SERVER   the server's command as a JSON array, without `serve`
//   HERDMATE_E2E_MODEL    the setting herdmate.model
//   HERDMATE_E2E_PYTHON   a Python that says whether the changed file is still Python
//   HERDMATE_E2E_VSIX     the packaged extension
//   HERDMATE_E2E_OUT      where pictures and logs are kept
//   HERDMATE_E2E_ONLY     the scenarios that are run, by name and with spaces between; else all

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

const { TOOLS, SERVER, MODEL, PYTHON, VSIX, OUT } = Object.fromEntries(
  ['TOOLS', 'SERVER', 'MODEL', 'PYTHON', 'VSIX', 'OUT'].map((name) => {
    const value = process.env[`HERDMATE_E2E_${name}`];
    assert(value, `HERDMATE_E2E_${name} is not set`);
    return [name, value];
  }),
);
const { chromium } = createRequire(path.join(TOOLS, 'package.json'))('playwright-core');
const CODE_SERVER = path.join(TOOLS, 'node_modules/code-server/out/node/entry.js');

const SOURCE = `"""The stock of a small shop."""

from dataclasses import dataclass


@dataclass
class Item:
    name: str
    price: float
    count: int


def total_value(items: list[Item]) -> float:
    """The value of all items in stock."""
    total = 0.0
    for item in items:
        total = total + item.price * item.count
    return total


def is_sold_out(item: Item) -> bool:
    if item.count == 0:
        return True
    else:
        return False


def names(items: list[Item]) -> list[str]:
    return [item.name for item in items]
`;
const CELLS = ['def sum_of_sales(months):\n    return sum(month.sales for month in months)', ''];
const NOTEBOOK = {
  cells: CELLS.map((source) => ({
    cell_type: 'code',
    execution_count: null,
    metadata: {},
    outputs: [],
    source,
  })),
  metadata: { language_info: { name: 'python' } },
  nbformat: 4,
  nbformat_minor: 5,
};
const EXPLAINED = linesOf('def total_value', 'return total');
const SIMPLIFIED = linesOf('def is_sold_out', 'return False');
const PATIENCE = 120_000; // for the model, on a machine with other work
const TYPED = '\n\ndef cheapest(items: list[Item]) -> Item:\n';

const USER_SETTINGS = {
  'workbench.colorTheme': 'Dark Modern',
  'workbench.preferredLightColorTheme': 'Light Modern',
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'security.workspace.trust.enabled': false,
  'chat.disableAIFeatures': true,
  'telemetry.telemetryLevel': 'off',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'update.mode': 'none',
  'git.enabled': false,
  'editor.quickSuggestions': { other: 'off', comments: 'off', strings: 'off' },
  'editor.wordBasedSuggestions': 'off',
  'editor.minimap.enabled': false,
  'files.autoSave': 'off',
  'window.commandCenter': false,
  'herdmate.completion.timeBox': 0, // on a machine with other work only a line would be there
};

const KEYS = [{ key: 'ctrl+alt+l', command: 'editor.action.inlineSuggest.acceptNextLine' }];

const began = Date.now();
const say = (text) => console.log(`[${((Date.now() - began) / 1000).toFixed(1)} s] ${text}`);

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'hm-')); // short: sockets' paths lie in it
process.on('exit', () => fs.rmSync(home, { recursive: true, force: true }));
const data = path.join(home, 'data');
const workspace = path.join(home, 'shop');
const file = path.join(workspace, 'stock.py');
const onDisk = () => fs.readFileSync(file, 'utf8');
write(file, SOURCE);
write(path.join(workspace, 'sales.ipynb'), JSON.stringify(NOTEBOOK));
write(path.join(home, 'config.yaml'), 'auth: none\n'); // else one is written under ~/.config
write(path.join(data, 'User/settings.json'), JSON.stringify(USER_SETTINGS));
write(path.join(data, 'User/keybindings.json'), JSON.stringify(KEYS));
// In the machine's settings, since the workbench may start extensions before it knows the user's.
const machine = {
  'herdmate.server.command': [...JSON.parse(SERVER), '--log-level', 'info'],
  'herdmate.model': MODEL,
};
setMachine({});
fs.mkdirSync(path.join(home, 't'));
fs.rmSync(OUT, { recursive: true, force: true });
fs.mkdirSync(OUT, { recursive: true });

const codeServer = await startCodeServer();
const browser = await chromium.launch({
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
const SCENARIOS = {
  ghostTextIsAcceptedWithTab,
  typingThroughKeepsTheRest,
  acceptingAWordKeepsTheRest,
  acceptingALineKeepsTheRest,
  theEditorsOwnBracketIsNotDoubled,
  theMenuPausesAndResumes,
  whatTheModelSawLiesInNoFile,
  explanationStreamsBesideTheCode,
  aQuestionFollowsAndTheNextIsStopped,
  refactoringChangesOnlyTheSelection,
  previewIsDiscardedOrApplied,
  staleDocumentIsLeftAloneUntilRunAgain,
  cellsOfANotebookKnowOfEachOther,
  lightThemeIsReadable,
  whatIsKilledComesBack,
  missingServerIsToldWithOneButton,
  aServerIsSetUpFromWhatTheExtensionCarries,
};
let failure;
const page = await openPage();
try {
  await openFile();
  const only = process.env.HERDMATE_E2E_ONLY?.split(' ');
  for (const [name, run] of Object.entries(SCENARIOS)) {
    if (!only || only.includes(name)) await run();
  }
} catch (error) {
  failure = error;
  await picture('failure').catch(() => {});
}
await browser.close();
await endCodeServer();
if (failure) {
  console.error(failure);
  console.error(serverLog());
}
process.exit(failure ? 1 : 0);

// What a person does

async function openFile() {
  await page.goto(`${codeServer.url}/?folder=${workspace}`);
  await page.waitForSelector('.monaco-workbench .part.statusbar');
  say('workbench is up');
  await page.getByRole('treeitem', { name: /stock\.py/ }).dblclick();
  await page.locator('.part.statusbar').getByText('Python').waitFor();
  // VS Code does not ask again when a server comes late, so nothing is typed before it is ready.
  const settled = page.locator('[aria-label^="Herdmate: ready"], [aria-label^="Herdmate: error"]');
  await settled.first().waitFor({ timeout: PATIENCE });
  assert.match(await settled.first().getAttribute('aria-label'), /ready/, 'the server cannot start');
  say('the model is ready');
}

async function ghostTextIsAcceptedWithTab() {
  await page.locator('.monaco-editor .view-lines').first().click();
  await page.keyboard.press('Control+End');
  await page.keyboard.type(TYPED, { delay: 15 }); // the editor indents the last line by itself
  const shown = await newGhost();
  say(`ghost text: ${JSON.stringify(shown)}`);
  await picture('1-ghost-text');

  await page.keyboard.press('Tab');
  await untilGhost((text) => text === '');
  const before = `${SOURCE}${TYPED}    `;
  const after = await saved((text) => text !== SOURCE);
  assert(after.startsWith(before), `accepting changed something else:\n${after}`);
  assert.equal(squeezed(after.slice(before.length)), squeezed(shown));
  say('accepted with Tab');
  await picture('2-accepted');
}

async function typingThroughKeepsTheRest() {
  await startAnew('def dearest(items: list[Item]) -> Item:\n');
  const shown = await newGhost();
  const asked = timesAsked();
  assert(asked > 0, 'the log does not tell how often the model was asked');
  assert.match(shown, /^[\w. ]{3}/, 'nothing that can be typed plainly');
  for (let typed = 1; typed <= 3; typed++) {
    await page.keyboard.type(shown[typed - 1]);
    await untilGhost((text) => text === shown.slice(typed));
  }
  await picture('1b-typed-through');
  await page.keyboard.press('Tab');
  await untilGhost((text) => text === '');
  assert.equal(timesAsked(), asked, 'the model was asked again for what it had said');
  say(`typed through ${JSON.stringify(shown)}`);
}

async function acceptingAWordKeepsTheRest() {
  await startAnew('def most(items: list[Item]) -> Item:\n');
  const before = await saved(() => true);
  const shown = await newGhost();
  await page.keyboard.press('Control+ArrowRight');
  const rest = await untilGhost((text) => text && text !== shown);
  await picture('1c-word-accepted');
  await page.keyboard.press('Tab');
  await untilGhost((text) => text === '');
  const after = await saved((text) => text !== before);
  isAcceptedInParts(before, shown, rest, after);
}

async function acceptingALineKeepsTheRest() {
  await startAnew('class Shop:\ndef __init__(self, name: str, city: str, items: list[Item]):\n');
  const before = await saved(() => true);
  const shown = await newGhost();
  await page.keyboard.press('Control+Alt+L');
  const rest = await untilGhost((text) => text && text !== shown);
  await picture('1d-line-accepted');
  // Tab indents first where the ghost text does.
  for (let left = rest; left && left.trim() === rest.trim(); ) {
    await page.keyboard.press('Tab');
    const last = left;
    left = await untilGhost((text) => text !== last);
  }
  const after = await saved((text) => text !== before);
  isAcceptedInParts(before, shown, rest, after);
}

function isAcceptedInParts(before, shown, rest, after) {
  const [start, end, whole] = [before, rest, after].map(squeezed);
  assert(whole.startsWith(start) && whole.endsWith(end), `accepting changed more:\n${after}`);
  const part = whole.slice(start.length, -end.length);
  assert(part && squeezed(shown).startsWith(part), `${part} is no part of ${shown}`);
  say(`accepted ${JSON.stringify(part)}, then ${JSON.stringify(rest)}`);
}

async function theEditorsOwnBracketIsNotDoubled() {
  await startAnew('def show(items: list[Item]) -> None:\nfor item in items:\nprint(');
  const shown = await newGhost();
  await picture('1e-before-a-bracket');
  await page.keyboard.press('Tab');
  await untilGhost((text) => text === '');
  const text = await saved((text) => text.includes('print('));
  const line = text.slice(text.lastIndexOf('print('));
  assert.equal(line.split('(').length, line.split(')').length, `brackets of ${line}`);
  isPython(text);
  say(`before the editor's bracket: ${JSON.stringify(shown)} makes ${JSON.stringify(line)}`);
}

async function theMenuPausesAndResumes() {
  await choose('Pause in python', '1f-menu');
  await untilLogged('settings changed: completion.disabledIn');
  await startAnew('def of_same_price(items: list[Item]) -> list[Item]:\n');
  await untilLogged('no completion: switched off here by herdmate.completion.disabledIn');
  assert.equal(await ghostText(), '');
  await choose('Resume in python');
  await untilLogged('settings changed: completion.disabledIn', 2);
  await choose('Pause for an Hour');
  await startAnew('def of_same_count(items: list[Item]) -> list[Item]:\n');
  await untilLogged('no completion: paused until');
  assert.equal(await ghostText(), '');
  await choose('Resume Ghost Text');
  await startAnew('def of_same_name(items: list[Item]) -> list[Item]:\n');
  await newGhost();
  await page.keyboard.press('Escape');
  await runCommand('File: Revert File');
  await page.locator('.tab.active.dirty').waitFor({ state: 'detached' });
  say('ghost text was paused and resumed from the menu');
}

async function whatTheModelSawLiesInNoFile() {
  await choose('Show What the Model Saw');
  const tab = page.locator('.tab.active[data-resource-name^="what-the-model-saw"]');
  await tab.waitFor();
  await page.locator('.editor-instance').getByText('Prompt').first().waitFor();
  await picture('1g-what-the-model-saw');
  assert(!fs.existsSync(path.join(home, '.cache/herdmate/shown')), 'code was written to a file');
  await backToTheCode();
  say('what the model saw is shown from memory');
}

/** Chooses from the menu that a click on the status bar opens, and goes back to the code. */
async function choose(label, pictured) {
  await page.locator('.part.statusbar [aria-label^="Herdmate: "]').first().click();
  const row = page.locator('.quick-input-list .monaco-list-row', { hasText: label }).first();
  await row.waitFor();
  if (pictured) await picture(pictured);
  await row.click();
  await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
}

/** Waits until the server has logged some words so often. */
async function untilLogged(words, times = 1) {
  for (const ends = Date.now() + PATIENCE; Date.now() < ends; ) {
    if (log().split(words).length > times) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`the log does not tell: ${words}`);
}

async function cellsOfANotebookKnowOfEachOther() {
  await page.getByRole('treeitem', { name: /sales\.ipynb/ }).dblclick();
  const cell = page.locator('.notebookOverlay .cell-list-container .monaco-editor').nth(1);
  await cell.waitFor({ timeout: PATIENCE });
  await cell.click();
  await page.keyboard.press('Control+End');
  await page.keyboard.type('yearly = sum_of_', { delay: 15 });
  const shown = await newGhost();
  await picture('6b-notebook');
  assert(shown.startsWith('sales'), `the cell above was not seen: ${shown}`);
  say(`in a notebook's second cell: ${JSON.stringify(shown)}`);
  await page.keyboard.press('Escape');
  await backToTheCode();
}

async function backToTheCode() {
  await page.getByRole('treeitem', { name: /stock\.py/ }).dblclick();
  await page.locator('.tab.active[data-resource-name="stock.py"]').waitFor();
}

/** Types at the file's end, in a new line that is not indented; the editor indents the others. */
async function startAnew(text) {
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

async function newGhost() {
  for (;;) {
    const shown = await untilGhost((text) => text.trim());
    // Its lines are drawn one after the other.
    await new Promise((resolve) => setTimeout(resolve, 300));
    if ((await ghostText()) === shown) return shown;
  }
}

/** Waits for ghost text of a kind, which it gives back. */
async function untilGhost(isMeant) {
  for (const ends = Date.now() + PATIENCE; Date.now() < ends; ) {
    const text = await ghostText();
    if (isMeant(text)) return text;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`the ghost text is ${JSON.stringify(await ghostText())}`);
}

/** All ghost text in the editor, its lines joined. */
async function ghostText() {
  const first = page.locator('.ghost-text-decoration, .ghost-text-decoration-preview');
  const further = page.locator('.suggest-preview-text');
  return plain([await first.allInnerTexts(), await further.allInnerTexts()].flat().join(''));
}

/** How often the model was asked for ghost text, by the server's log. */
function timesAsked() {
  return log().split('typing: ').length - 1;
}

/** All that the server has logged. */
function log() {
  const logs = path.join(data, 'logs');
  const all = fs.readdirSync(logs, { recursive: true }).sort();
  const name = all.find((it) => it.endsWith('Herdmate.log'));
  return fs.readFileSync(path.join(logs, name), 'utf8');
}

async function explanationStreamsBesideTheCode() {
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

async function aQuestionFollowsAndTheNextIsStopped() {
  const frame = page.frameLocator('iframe.webview').frameLocator('#active-frame');
  const [view, question] = [frame.locator('main'), frame.locator('#question')];
  await question.fill('May the list be empty?');
  await question.press('Enter');
  await view.locator('blockquote', { hasText: 'May the list be empty?' }).waitFor();
  await view.locator('blockquote ~ :is(p, pre, ul, ol)').first().waitFor({ timeout: PATIENCE });
  await question.waitFor({ timeout: PATIENCE }); // it comes back once the answer is whole
  await picture('4b-question-answered');
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
  assert.match(`${border} ${background}`, /^0px .*rgba\(0, 0, 0, 0\)/, 'stopping looks like an error');
  await question.waitFor(); // one may go on from what was said before
  await page.locator('[aria-label^="Herdmate: ready"]').first().waitFor({ timeout: PATIENCE });
  await picture('4c-stopped');
  say('the answer to a second question was stopped');
}

async function refactoringChangesOnlyTheSelection() {
  const before = onDisk();
  await simplify('5-refactorings');
  await page.locator('.tab.active.dirty').waitFor({ timeout: PATIENCE });
  const after = await saved((text) => text !== before);
  isSimplified(before, after);
  await picture('6-refactored');
  await oneUndoRestores(before);
}

async function previewIsDiscardedOrApplied() {
  const before = onDisk();
  await configure('refactor.preview', 'always');
  const preview = page.locator('.bulk-edit-panel');
  const changed = preview.locator('.monaco-list-row', { hasText: 'stock.py' });
  await simplify();
  await changed.waitFor({ timeout: PATIENCE });
  await picture('6c-preview');
  await preview.getByRole('button', { name: 'Discard' }).click();
  await changed.waitFor({ state: 'detached' });
  assert.equal(await page.locator('.tab.dirty').count(), 0, 'what was discarded changed a file');
  assert.equal(onDisk(), before);
  say('a previewed change was discarded');

  await simplify();
  await changed.waitFor({ timeout: PATIENCE });
  await changed.locator('input[type=checkbox], .edit-checkbox').first().click();
  await picture('6d-preview-ticked');
  await preview.getByRole('button', { name: 'Apply' }).click();
  await page.locator('.tab.active.dirty').waitFor();
  isSimplified(before, await saved((text) => text !== before));
  say('a previewed change was applied');
  await oneUndoRestores(before);
}

async function staleDocumentIsLeftAloneUntilRunAgain() {
  await configure('refactor.preview', 'never');
  const before = onDisk();
  const typed = '\n\nLIMIT = 12\n';
  const engine = enginesPid();
  process.kill(engine, 'SIGSTOP'); // the model works until the file has changed
  try {
    await simplify();
    await page.locator('.notification-toast', { hasText: 'Simplify' }).waitFor();
    await startAnew(typed.trim());
  } finally {
    process.kill(engine, 'SIGCONT');
  }
  const offer = page.locator('.notification-toast', { hasText: 'The file changed while' });
  await offer.waitFor({ timeout: PATIENCE });
  await picture('6e-stale');
  const changed = await saved((text) => text !== before);
  assert.equal(squeezed(changed), squeezed(before + typed), 'a refused change changed the file');
  assert(changed.startsWith(before.trimEnd()), `a refused change changed the file:\n${changed}`);

  await offer.locator('.monaco-text-button', { hasText: 'Run again' }).click();
  await page.locator('.tab.active.dirty').waitFor({ timeout: PATIENCE });
  isSimplified(changed, await saved((text) => text !== changed));
  say('a stale change was refused, and made when it was run again');
  await oneUndoRestores(changed);
}

/** Asks for Simplify of the function SIMPLIFIED, by the menu that the light bulb opens. */
async function simplify(pictured) {
  await select(SIMPLIFIED);
  await runCommand('Refactor...');
  const choice = page.locator('.action-widget').getByText('Simplify');
  await choice.waitFor();
  if (pictured) await picture(pictured);
  await choice.click();
}

function isSimplified(before, after) {
  const [head, tail] = [linesUpTo(before, SIMPLIFIED.first), linesFrom(before, SIMPLIFIED.last)];
  assert(after.startsWith(head) && after.endsWith(tail), `changed outside the selection:\n${after}`);
  isPython(after);
  say(`refactored to ${JSON.stringify(after.slice(head.length, after.length - tail.length))}`);
}

async function oneUndoRestores(before) {
  await page.locator('.tab', { hasText: 'stock.py' }).first().click();
  await page.locator('.monaco-editor .view-lines').first().click();
  await page.keyboard.press('Control+Z');
  await page.locator('.tab.active.dirty').waitFor();
  assert.equal(await saved(() => true), before, 'one undo does not restore the file');
}

async function lightThemeIsReadable() {
  await runCommand('Preferences: Toggle between Light/Dark Themes');
  await page.locator('.monaco-workbench.vs').waitFor();
  await page.locator('[aria-label^="Herdmate: ready"]').first().click();
  await page.locator('.quick-input-widget').getByText('Show Log').waitFor();
  await picture('7-light');
  await page.keyboard.press('Escape');
}

async function whatIsKilledComesBack() {
  const ready = page.locator('[aria-label^="Herdmate: ready"]').first();
  process.kill(enginesPid(), 'SIGKILL');
  const busy = ['starting', 'loading'].map((state) => `[aria-label^="Herdmate: ${state}"]`);
  await page.locator(busy.join()).first().waitFor();
  await ready.waitFor({ timeout: PATIENCE });
  say('a killed engine came back by itself');

  process.kill(pidOf('info\0serve'), 'SIGKILL');
  const offer = page.locator('.notification-toast', { hasText: 'server ended unexpectedly' });
  await offer.locator('.monaco-text-button', { hasText: 'Restart' }).click();
  await ready.waitFor({ timeout: PATIENCE });
  say('a killed server came back by one click');
}

async function missingServerIsToldWithOneButton() {
  setMachine({ 'herdmate.server.command': [path.join(home, 'no-such-herdmate')] });
  const message = page.locator('.notification-toast', { hasText: 'server was not found' });
  await message.waitFor();
  assert.deepEqual(await message.locator('.monaco-text-button').allInnerTexts(), ['How to Install']);
  await page.locator('[aria-label^="Herdmate: error"]').first().waitFor();
  await picture('8-no-server');
}

/** In a home folder that is empty: what is installed is built before, in PIP_CACHE_DIR. */
async function aServerIsSetUpFromWhatTheExtensionCarries() {
  setMachine({ 'herdmate.server.command': [] });
  const offer = page.locator('.notification-toast', { hasText: 'no server on this machine yet' });
  await offer.locator('.monaco-text-button', { hasText: 'Set Up' }).click();
  const progress = page.locator('.notification-toast', { hasText: 'Setting up Herdmate' });
  await progress.getByText('step 2 of 3').waitFor({ timeout: PATIENCE });
  await progress.locator('.monaco-text-button', { hasText: 'Cancel' }).click();
  await progress.waitFor({ state: 'detached' });
  await page.locator('[aria-label^="Herdmate: error"]').first().waitFor();
  const venv = path.join(data, 'User/globalStorage/herdmate.herdmate/venv');
  assert(!fs.existsSync(path.join(venv, 'herdmate-version')), 'what was cancelled counts as whole');
  say('the set-up was cancelled');

  await runCommand('Herdmate: Set Up');
  await progress.getByText('step 3 of 3').waitFor({ timeout: PATIENCE });
  await picture('9-set-up');
  const ready = page.locator('[aria-label^="Herdmate: ready"]').first();
  await ready.waitFor({ timeout: 3 * PATIENCE });
  assert(log().includes(`Starting ${venv}/bin/herdmate serve`), 'another server was started');
  await picture('9b-set-up-done');
  say('the carried server was installed and is ready');
}

// The keyboard

/** Selects whole lines, the last one's end not included. */
async function select({ first, last }) {
  await page.locator('.monaco-editor .view-lines').first().click();
  await page.keyboard.press('Control+G');
  await page.locator('.quick-input-widget input').first().waitFor();
  await page.keyboard.type(`${first}`);
  await page.keyboard.press('Enter');
  await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  for (let line = first; line < last; line++) await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Shift+End');
}

async function runCommand(title) {
  await page.keyboard.press('F1');
  await page.locator('.quick-input-widget input').first().waitFor();
  await page.keyboard.type(title);
  await page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first().waitFor();
  await page.keyboard.press('Enter');
}

async function saved(isSaved) {
  await page.keyboard.press('Control+S');
  await page.locator('.tab.active.dirty').waitFor({ state: 'detached' });
  const text = onDisk();
  assert(isSaved(text), `the file was not changed:\n${text}`);
  return text;
}

function isPython(text) {
  const parsed = spawnSync(PYTHON, ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], {
    input: text,
    encoding: 'utf8',
  });
  assert.equal(parsed.status, 0, `${parsed.stderr}\n${text}`);
}

async function picture(name) {
  await page.screenshot({ path: path.join(OUT, `${name}.png`) });
}

// Lines of SOURCE, counted from 1

function linesOf(start, end) {
  const lines = SOURCE.split('\n');
  const first = lines.findIndex((line) => line.startsWith(start));
  const last = lines.findIndex((line, at) => at > first && line.trim() === end);
  return { first: first + 1, last: last + 1 };
}

function linesUpTo(text, line) {
  return text.split('\n').slice(0, line - 1).join('\n');
}

function linesFrom(text, line) {
  return text.split('\n').slice(line).join('\n');
}

function plain(text) {
  return text.replaceAll('\u00a0', ' ');
}

function squeezed(text) {
  return text.replaceAll(/\s/g, '');
}

// The machinery

async function openPage() {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: 'reduce',
  });
  const opened = await context.newPage();
  opened.setDefaultTimeout(30_000);
  await context.route('**', (route) => {
    const own = new URL(route.request().url()).hostname === '127.0.0.1';
    return own ? route.continue() : route.abort();
  });
  return opened;
}

async function startCodeServer() {
  const env = { ...process.env, HOME: home, TMPDIR: path.join(home, 't') };
  delete env.VSCODE_IPC_HOOK_CLI;
  const without = (folder) => !fs.existsSync(path.join(folder, 'herdmate'));
  env.PATH = env.PATH.split(path.delimiter).filter(without).join(path.delimiter);
  const own = ['--config', path.join(home, 'config.yaml'), '--user-data-dir', data];
  const base = [CODE_SERVER, ...own, '--extensions-dir', path.join(home, 'extensions')];
  const installed = spawnSync(process.execPath, [...base, '--install-extension', VSIX], {
    env,
    encoding: 'utf8',
  });
  assert.match(installed.stdout, /was successfully installed/, installed.stderr);
  const flags = ['auth=none', 'bind-addr=127.0.0.1:0', 'disable-telemetry', 'disable-proxy']
    .concat('disable-update-check', 'disable-workspace-trust', 'disable-getting-started-override')
    .map((flag) => `--${flag}`);
  const log = fs.openSync(path.join(OUT, 'code-server.log'), 'w');
  const process_ = spawn(process.execPath, [...base, ...flags], {
    env,
    stdio: ['ignore', 'pipe', log],
    detached: true, // a group of its own, which endCodeServer ends whole
  });
  const url = await new Promise((resolve, reject) => {
    let told = '';
    process_.stdout.on('data', (text) => {
      told += text;
      const found = /HTTP server listening on (http:\/\/[^\s/]+)/.exec(told);
      if (found) resolve(found[1]);
    });
    process_.on('exit', (code) => reject(new Error(`code-server ended with ${code}: ${told}`)));
  });
  return { url, process: process_ };
}

/** Ends code-server with its extension host and our server, which else live on for seconds. */
async function endCodeServer() {
  const group = -codeServer.process.pid;
  const signal = (name) => {
    try {
      return process.kill(group, name);
    } catch {
      return false; // nobody is left
    }
  };
  for (let tenths = 0; signal(0) && tenths < 50; tenths++) {
    if (tenths % 10 === 0) signal(tenths < 30 ? 'SIGTERM' : 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const logs = path.join(OUT, 'logs');
  fs.rmSync(logs, { recursive: true, force: true });
  fs.cpSync(path.join(data, 'logs'), logs, { recursive: true });
}

/** The end of the output channel "Herdmate", without the code that passed through it. */
function serverLog() {
  const name = fs
    .readdirSync(path.join(OUT, 'logs'), { recursive: true })
    .find((found) => found.endsWith('Herdmate.log'));
  if (!name) return 'The server wrote no log.';
  const text = fs.readFileSync(path.join(OUT, 'logs', name), 'utf8');
  return `The end of ${name}:\n${text.slice(-4000)}`;
}

/** Puts settings beside those of the machine, which VS Code takes over at once. */
function setMachine(settings) {
  Object.assign(machine, settings);
  write(path.join(data, 'Machine/settings.json'), JSON.stringify(machine));
}

/** Changes a setting and waits until the running server's log tells of it. */
async function configure(name, value) {
  const told = () => log().split(`settings changed: ${name}`).length;
  const before = told();
  setMachine({ [`herdmate.${name}`]: value });
  for (const ends = Date.now() + PATIENCE; Date.now() < ends; ) {
    if (told() > before) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`the server does not know of ${name}`);
}

/** The process in which the model works for this run's server. */
function enginesPid() {
  return pidOf('herdmate.engine.worker');
}

/** The process of this run's home folder with these words in its command line. */
function pidOf(words) {
  const own = `HOME=${home}\0`;
  const found = fs.readdirSync('/proc').find((pid) => {
    try {
      const is = (name, text) => fs.readFileSync(`/proc/${pid}/${name}`, 'utf8').includes(text);
      return /^\d+$/.test(pid) && is('cmdline', words) && is('environ', own);
    } catch {
      return false; // it has ended meanwhile
    }
  });
  assert(found, `no process for ${words}`);
  return Number(found);
}

function write(where, text) {
  fs.mkdirSync(path.dirname(where), { recursive: true });
  fs.writeFileSync(where, text);
}
