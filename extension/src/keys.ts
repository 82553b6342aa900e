import * as vscode from 'vscode';

const SUGGEST = 'editor.action.inlineSuggest.';

/** Ghost text under names of our own, for the palette, the menu and keys; VS Code does the work. */
const STEPS: Record<string, readonly string[]> = {
  triggerSuggestion: ['trigger'],
  nextSuggestion: ['trigger', 'showNext'], // the first asks for others, and for one if none is shown
  previousSuggestion: ['trigger', 'showPrevious'],
  acceptWord: ['acceptNextWord'],
  acceptLine: ['acceptNextLine'],
};

export function activateKeys(context: vscode.ExtensionContext): void {
  for (const [name, steps] of Object.entries(STEPS)) {
    const run = async () => {
      for (const step of steps) await vscode.commands.executeCommand(`${SUGGEST}${step}`);
    };
    context.subscriptions.push(vscode.commands.registerCommand(`herdmate.${name}`, run));
  }
}
