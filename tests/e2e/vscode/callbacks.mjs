// Callbacks between brackets that VS Code closes by itself: shown whole, typed and on request.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { COMMAND, home, SERVER, say, setMachine, write } from './machine.mjs';
import {
  backToTheCode,
  closeWindow,
  configure,
  ghostText,
  isReady,
  openCode,
  openNew,
  openWindow,
  page,
  picture,
  runCommand,
  savedAs,
  switchTo,
  untilGhost,
  workspace,
} from './window.mjs';

const USERS = `const users = [
  { id: 1, name: 'Ada', email: 'ada@example.org' },
  { id: 2, name: 'Alan', email: 'alan@example.org' },
];

`;
const COMPONENT = `import { useEffect, useState } from 'react';

export function Users({ team }) {
  const [users, setUsers] = useState([]);

  `;
const LIST = `
  return (
    <ul>
      `;

const SERVER_IN_GO = `package main

import (
	"fmt"
	"net/http"
)

func main() {
	http.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "healthy")
	})
`;

/** What is typed goes between `before` and `after`. */
const KINDS = [
  {
    file: 'server.js',
    before: `const express = require('express');\n\nconst app = express();\n${USERS}`,
    typed: 'app.get("/users", ',
    says: '(req, res) => {\n  res.json(users);\n});\n\napp.listen(3000);',
  },
  {
    file: 'print.js',
    before: USERS,
    typed: 'users.forEach(',
    says: '(user) => {\n  console.log(user.name);\n});\n\nusers.map(',
  },
  {
    file: 'Users.jsx',
    before: COMPONENT,
    typed: 'useEffect(',
    says: '() => {\n    fetch(`/users/${team}`)\n      .then((response) => response.json())\n      .then(setUsers);\n  }, [team]);\n',
    after: `\n${LIST}{users.map((user) => <li key={user.id}>{user.name}</li>)}\n    </ul>\n  );\n}\n`,
  },
  {
    file: 'later.js',
    before: 'const start = Date.now();\n\n// Tell a second later how much time has passed.\n',
    typed: 'setTimeout(',
    says: '() => {\n  console.log(Date.now() - start);\n}, 1000);\n',
  },
  {
    file: 'load.js',
    before: `function show(users) {\n  console.log(users);\n}\n\nfetch('/users')\n  .then((response) => response.json())\n  `,
    typed: '.then(',
    says: '(users) => {\n    show(users);\n  });\n',
  },
  {
    file: 'sum.test.js',
    before: `const { sum } = require('./sum');\n\n`,
    typed: 'describe("sum", ',
    says: '() => {\n  it("adds", () => {\n    expect(sum(1, 2)).toBe(3);\n  });\n});\n',
  },
  {
    file: 'users.swift',
    before:
      'struct User {\n    let name: String\n}\n\nlet users = [User(name: "Ada"), User(name: "Alan")]\n\n',
    typed: 'users.forEach ',
    says: '{ user in\n    print(user.name)\n}\n\nprint(',
  },
  {
    file: 'users.rb',
    before: 'User = Struct.new(:name)\nusers = [User.new("Ada"), User.new("Alan")]\n\n',
    typed: 'users.each ',
    says: 'do |user|\n  puts user.name\nend\n\nputs',
  },
  {
    file: 'server.go',
    before: `${SERVER_IN_GO}\t`,
    typed: 'http.HandleFunc("/users", ',
    says: 'func(w http.ResponseWriter, r *http.Request) {\n\t\tfmt.Fprintln(w, users)\n\t})\n',
    after: '\n\thttp.ListenAndServe(":8080", nil)\n}\n',
  },
  {
    file: 'List.jsx',
    before: `export function List({ users }) {${LIST}`,
    typed: '{users.',
    says: 'map((user) => (\n        <li key={user.id}>{user.name}</li>\n      ))}\n    </ul>',
    after: '\n    </ul>\n  );\n}\n',
  },
];
const MOST_SECONDS = 60;
const STILL = 1000; // without growth for so long it counts as whole

/** In a window with a server whose model gives fixed answers, which it then goes on from. */
export async function aCallbackIsShownWhole() {
  const first = page;
  const [answers, program] = ['answers.json', 'answering.sh'].map((name) => path.join(home, name));
  const replies = Object.fromEntries(KINDS.flatMap(reply));
  write(answers, JSON.stringify({ replies, seconds: 0.004 }));
  const command = JSON.parse(SERVER).map((word) => `'${word}'`);
  write(program, `#!/bin/sh\nexec ${command.join(' ')} "$@" --fake-engine '${answers}'\n`);
  fs.chmodSync(program, 0o755);
  const tokens = { 'herdmate.completion.maxTokens': 600 }; // here each character is one
  setMachine({ 'herdmate.server.command': [program, '--log-level', 'info'], ...tokens });
  await openWindow(workspace);
  await openCode('stock.py');
  const files = KINDS.map(({ file }) => file);
  for (const whole of Object.values(await callbacksShownWhole())) assert.deepEqual(whole, files);
  await closeWindow();
  await switchTo(first);
  setMachine({ 'herdmate.server.command': COMMAND, 'herdmate.completion.maxTokens': undefined });
  await page.locator('[aria-label^="Herdmate: ready"]').first().waitFor();
}

/** The model's answer, whether the prompt ends with the last blank or the model begins with it. */
function reply({ typed, says }) {
  return [
    [`${typed}<|fim_suffix|>`, says],
    [`${typed.trimEnd()}<|fim_suffix|>`, typed.slice(typed.trimEnd().length) + says],
  ];
}

/** The same with the model of the run: how often it writes a whole one. */
export async function callbacksOfTheModel() {
  await configure('completion.timeBox', 500); // as it is installed, so that long ones grow
  const { typed, asked } = await callbacksShownWhole();
  say(`callbacks: ${typed.length} typed and ${asked.length} on request, of ${KINDS.length}`);
}

/** The files in which a callback is shown whole while typing, and in which on request. */
async function callbacksShownWhole() {
  const typed = await filesShownWhole('typed', async () => {});
  await configure('completion.enabled', false);
  const asked = await filesShownWhole('asked', () => runCommand('Trigger Inline Suggestion'));
  await configure('completion.enabled', true);
  await backToTheCode();
  return { typed, asked };
}

/** The files in which the callback is shown whole, by typing and what is then done. */
async function filesShownWhole(how, ask) {
  const whole = [];
  for (const { file, before, typed, after = '\n' } of KINDS) {
    const name = `${how}_${file}`;
    await openNew(name, before, after);
    await page.keyboard.type(typed, { delay: 100 });
    await ask();
    const shown = await lastGhost();
    await picture(`callback-${name}`);
    if (shown) {
      await page.keyboard.press('Tab');
      await untilGhost((text) => text !== shown); // what follows it may be shown at once
    }
    const text = await savedAs(name);
    const added = text.slice((before + typed).length);
    const isWhole = shown !== '' && isCallback(added) && isBalanced(text);
    if (isWhole) whole.push(file);
    say(`${typed} ${how}: ${isWhole ? 'whole' : 'NOT WHOLE'}: ${JSON.stringify(shown)}`);
    // The next files' prompts are not to show it.
    await page.keyboard.press('Control+A');
    await page.keyboard.press('Delete');
    await savedAs(name);
  }
  return whole;
}

/** The ghost text once it no longer grows; empty if none comes. */
async function lastGhost() {
  const ends = Date.now() + MOST_SECONDS * 1000;
  for (let text = ''; Date.now() < ends; ) {
    const seen = await ghostText();
    if (seen.trim() && seen === text && (await isReady())) return seen;
    text = seen;
    await page.waitForTimeout(STILL);
  }
  return '';
}

function isCallback(text) {
  return /^[^\n]*(=>|function|func\(|\{|\bdo\b[^]*\n\s*end\b)/.test(text);
}

function isBalanced(text) {
  const count = (part) => text.split(part).length;
  return ['()', '[]', '{}'].every(([open, close]) => count(open) === count(close));
}
