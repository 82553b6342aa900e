import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as vscode from 'vscode';

/** Undefined if VS Code's built-in Markdown extension is switched off. */
export async function markdownToHtml(text: string): Promise<string | undefined> {
  try {
    return await vscode.commands.executeCommand<string>('markdown.api.render', text);
  } catch {
    return undefined;
  }
}

/** The empty page: it may run its own script but load nothing, whatever the model writes. */
export function page(webview: vscode.Webview, media: vscode.Uri): string {
  const values: Record<string, string> = { source: webview.cspSource, nonce: randomUUID() };
  for (const name of ['explanation.css', 'explanation.js'])
    values[name] = webview.asWebviewUri(vscode.Uri.joinPath(media, name)).toString();
  const html = readFileSync(vscode.Uri.joinPath(media, 'explanation.html').fsPath, 'utf8');
  return html.replace(/\{([\w.]+)\}/g, (_, name: string) => values[name] ?? '');
}
