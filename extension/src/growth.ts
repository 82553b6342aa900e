import * as vscode from 'vscode';
import type { CompletionGrew } from './protocol';

const ASKING = 200; // milliseconds within which VS Code asks

let growing: CompletionGrew | undefined;

/**
 * Makes VS Code ask again for ghost text that has grown.
 *
 * Only while some is visible, because what the user dismissed must not come back: hence "show next",
 * which also moves past the shorter one if VS Code keeps that beside the new one. If nothing was
 * typed, VS Code asks again only if there is a new provider: hence one that offers nothing.
 */
export async function askAgain(grew: CompletionGrew): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor?.selections.length !== 1 || !editor.selection.isEmpty) return;
  if (!isAt(grew, editor.document, editor.selection.active)) return;
  const nothing = { provideInlineCompletionItems: () => undefined };
  const selector = { language: editor.document.languageId };
  const fresh = vscode.languages.registerInlineCompletionItemProvider(selector, nothing);
  growing = grew;
  setTimeout(() => {
    fresh.dispose();
    if (growing === grew) growing = undefined;
  }, ASKING);
  await vscode.commands.executeCommand('editor.action.inlineSuggest.showNext');
}

/** Is VS Code asking here only because ghost text has grown? It claims that the user asked. */
export function isAskingAgain(document: vscode.TextDocument, position: vscode.Position): boolean {
  return growing !== undefined && isAt(growing, document, position);
}

function isAt(
  { uri, version, position }: CompletionGrew,
  document: vscode.TextDocument,
  { line, character }: vscode.Position,
): boolean {
  const isThere = position.line === line && position.character === character;
  return isThere && version === document.version && uri === document.uri.toString();
}
