import * as vscode from 'vscode';
import { SERVED } from './client';
import { CURSOR } from './protocol';
import type { Server } from './server';

const REST = 300; // milliseconds
const TYPING = 50;

/** Tells the server where the cursor rests, so that the model can read ahead. */
export function activateCursor(context: vscode.ExtensionContext, server: Server): void {
  let timer: NodeJS.Timeout | undefined;
  let typedAt = 0;
  const tell = (editor: vscode.TextEditor | undefined) => {
    clearTimeout(timer);
    // Typing moves the cursor too, but the server already knows about that.
    if (!editor?.selection.isEmpty || Date.now() - typedAt < TYPING) return;
    if (!vscode.languages.match(SERVED, editor.document)) return;
    timer = setTimeout(() => {
      const { line, character } = editor.selection.active;
      const uri = editor.document.uri.toString();
      void server.notify(CURSOR, { uri, position: { line, character } });
    }, REST);
  };
  context.subscriptions.push(
    vscode.workspace.onDidChangeTextDocument(() => {
      typedAt = Date.now();
    }),
    vscode.window.onDidChangeActiveTextEditor(tell),
    vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => tell(textEditor)),
    { dispose: () => clearTimeout(timer) },
  );
  tell(vscode.window.activeTextEditor);
}
