import * as vscode from 'vscode';
import { SERVED } from './client';
import { tell } from './messages';
import { type ActionArguments, COMMAND_APPLY_CODE } from './protocol';
import type { Server } from './server';

export async function copyCode(code: string): Promise<void> {
  await vscode.env.clipboard.writeText(code);
}

/** Inserts code at the cursor of the editor that shows a document, or else of any editor. */
export async function insertCode(code: string, uri: string | undefined): Promise<void> {
  const editors = vscode.window.visibleTextEditors.filter(
    ({ document, viewColumn }) => viewColumn && vscode.languages.match(SERVED, document),
  );
  const its = editors.find(({ document }) => document.uri.toString() === uri);
  const editor = its ?? editors[0];
  if (!editor) {
    const sentence = vscode.l10n.t('Open the file into which the code is to be inserted.');
    return void tell('warning', sentence);
  }
  const { document, viewColumn } = editor;
  const shown = await vscode.window.showTextDocument(document, viewColumn);
  // As a snippet, its further lines are indented like the one with the cursor.
  const text = new vscode.SnippetString().appendText(code);
  await shown.insertSnippet(text, shown.selection.active);
}

/** Has the server put code in the place of what was explained. */
export async function applyCode(
  server: Server,
  { uri, range, version }: ActionArguments,
  code: string,
): Promise<void> {
  await server.execute(COMMAND_APPLY_CODE, { uri, range, version, code });
}
