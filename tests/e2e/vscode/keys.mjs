// The default keys of the VS Code under test on each system, for tests/e2e/vscode/default_keys.json:
//
//   HERDMATE_E2E_ONLY=defaultKeys pytest -n 0 tests/e2e/test_vscode.py
//   cp .out/vscode/default_keys.json tests/e2e/vscode/
//
// In a browser, VS Code takes its system from the user agent. Keys that a browser keeps for itself,
// such as Ctrl+W, are missing there; none of them has two modifiers or goes with a chord of ours.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { OUT, say, TOOLS } from './machine.mjs';
import { inBrowserOf, runCommand } from './window.mjs';

const SYSTEMS = { linux: 'X11; Linux x86_64', windows: 'Windows NT 10.0; Win64; x64', mac: 'Macintosh; Intel Mac OS X 14_0' };
const GHOST_TEXT = 'editor.action.inlineSuggest.';

export async function defaultKeys() {
  const found = { codeServer: versionOf('code-server') };
  for (const [system, agent] of Object.entries(SYSTEMS)) {
    const text = await inBrowserOf(`Mozilla/5.0 (${agent}) AppleWebKit/537.36 Chrome/140.0`, (page) =>
      defaultsOf(page, system),
    );
    const all = JSON.parse(text.replaceAll(/^\s*\/\/.*$/gm, ''));
    const others = all.filter(({ command }) => !command.startsWith('herdmate.'));
    assert(others.length > 500, `only ${others.length} keys`);
    const ghostText = others.filter(({ command }) => command.startsWith(GHOST_TEXT));
    found[system] = {
      keys: [...new Set(others.map(({ key }) => key))].sort(),
      ghostText: Object.fromEntries(ghostText.map(({ key, command }) => [key, command])),
    };
  }
  fs.writeFileSync(path.join(OUT, 'default_keys.json'), `${JSON.stringify(found, null, 1)}\n`);
  say(`default keys of code-server ${found.codeServer}`);
}

async function defaultsOf(page, system) {
  await runCommand('Preferences: Open Default Keyboard Shortcuts (JSON)', page);
  await page.locator('.tab.active', { hasText: 'Default Keybindings' }).waitFor();
  await page.locator('.monaco-editor .view-lines').first().click();
  await page.evaluate(() => navigator.clipboard.writeText(''));
  await page.keyboard.press(system === 'mac' ? 'Meta+A' : 'Control+A');
  await page.keyboard.press('Control+C'); // which the browser copies with, whatever it claims to be
  return page.evaluate(() => navigator.clipboard.readText());
}

function versionOf(name) {
  const file = path.join(TOOLS, 'node_modules', name, 'package.json');
  return JSON.parse(fs.readFileSync(file, 'utf8')).version;
}
