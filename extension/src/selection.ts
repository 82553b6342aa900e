import * as vscode from 'vscode';
import type { ActionArguments } from './protocol';

/** The active editor's selection as an action's arguments, or undefined without an editor. */
export function selectionArguments(): ActionArguments | undefined {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return undefined;
  const { document, selection } = editor;
  const place = ({ line, character }: vscode.Position) => ({ line, character });
  return {
    uri: document.uri.toString(),
    range: { start: place(selection.start), end: place(selection.end) },
    version: document.version,
  };
}
