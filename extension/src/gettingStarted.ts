import * as vscode from 'vscode';
import type { State } from './protocol';
import type { Server } from './server';

const WALKTHROUGH = 'herdmate.herdmate#start';
const LOADED: readonly State[] = ['ready', 'thinking', 'sleeping'];

/**
 * VS Code ticks a step when a condition becomes true after it has read the walkthrough, at a time
 * that nobody tells; so there are several conditions, which become true one after the other.
 */
const BEATS = 3;

type Step = 'type' | 'explain' | 'change';

/** The walkthrough, a sample to try everything on, and what has happened, for its ticks. */
export function activateGettingStarted(context: vscode.ExtensionContext, server: Server): void {
  const sample = vscode.Uri.joinPath(context.extensionUri, 'media', 'sample', 'stock.py.txt');
  const happened = new Set<string>();
  const note = (what: string) => happened.add(what);
  let timer: NodeJS.Timeout | undefined;
  let beat = 0;
  const tell = () => {
    beat = (beat % BEATS) + 1;
    for (const what of happened)
      void vscode.commands.executeCommand('setContext', `herdmate.${what}`, `${beat}`);
  };
  const follow = () => {
    clearInterval(timer);
    timer = isPageShown() ? setInterval(tell, 1000) : undefined;
  };
  follow(); // VS Code opens the walkthrough of what it has just installed before it starts it
  context.subscriptions.push(
    { dispose: () => clearInterval(timer) },
    vscode.window.tabGroups.onDidChangeTabs(follow),
    vscode.window.tabGroups.onDidChangeTabGroups(follow),
    server.onStatus(({ state }) => {
      if (state === 'noModel' || state === 'fetching' || state === 'loading') note('isSetUp');
      if (!LOADED.includes(state as State)) return;
      note('isSetUp');
      note('hasModel');
    }),
    server.onExplanation(({ done, error }) => {
      if (done && !error) note('hasExplained');
    }),
    server.onAccepted(() => note('hasAccepted')),
    vscode.commands.registerCommand('herdmate.getStarted', () =>
      vscode.commands.executeCommand('workbench.action.openWalkthrough', WALKTHROUGH, false),
    ),
    vscode.commands.registerCommand('herdmate.openSample', (step: Step = 'type') =>
      openSample(sample, step),
    ),
  );
}

/** Is a page such as the walkthrough shown, which is no editor of anything? */
function isPageShown(): boolean {
  return vscode.window.tabGroups.all.some(({ activeTab }) => activeTab && !activeTab.input);
}

/** Opens a copy of the sample, which is in no file, and begins a step of the walkthrough on it. */
async function openSample(sample: vscode.Uri, step: Step): Promise<void> {
  const bytes = await vscode.workspace.fs.readFile(sample);
  const content = new TextDecoder().decode(bytes).trimEnd();
  const isOwn = (it: vscode.TextDocument) =>
    it.isUntitled && it.languageId === 'python' && content.startsWith(it.lineAt(0).text);
  const own = vscode.workspace.textDocuments.find((it) => !it.isClosed && isOwn(it));
  const document =
    own ?? (await vscode.workspace.openTextDocument({ language: 'python', content }));
  const editor = await vscode.window.showTextDocument(document, { preview: false });
  if (step === 'type') return typeAtEnd(editor);
  const from = document.positionAt(document.getText().indexOf('def total'));
  const to = document.positionAt(document.getText().indexOf('return result'));
  editor.selection = new vscode.Selection(from, document.lineAt(to.line).range.end);
  const command = step === 'explain' ? 'herdmate.explainSelection' : 'editor.action.refactor';
  await vscode.commands.executeCommand(command);
}

/** Puts the cursor into an empty line of the last function's body, where ghost text appears. */
async function typeAtEnd(editor: vscode.TextEditor): Promise<void> {
  const { document } = editor;
  const last = document.lineAt(document.lineCount - 1);
  if (last.text.trim())
    await editor.edit((edit) => edit.insert(last.range.end, '\n    '), {
      undoStopBefore: false,
      undoStopAfter: false,
    });
  const { end } = document.lineAt(document.lineCount - 1).range;
  editor.selection = new vscode.Selection(end, end);
  editor.revealRange(editor.selection);
  await vscode.commands.executeCommand('editor.action.inlineSuggest.trigger');
}
