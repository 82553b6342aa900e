import * as vscode from 'vscode';
import type { WindowMiddleware } from 'vscode-languageclient/node';
import { copyCode } from './codeBlocks';
import { markdownToHtml, page } from './webview';

const SCHEME = 'herdmate';

/** What the server shows of its own, such as statistics: drawn, under the title that it begins with. */
export class Pages implements vscode.Disposable {
  private readonly open = new Map<string, vscode.WebviewPanel>(); // by title

  constructor(private readonly media: vscode.Uri) {}

  readonly showDocument: NonNullable<WindowMiddleware['showDocument']> = async (
    params,
    token,
    next,
  ) => {
    const uri = vscode.Uri.parse(params.uri);
    if (uri.scheme !== SCHEME) return next(params, token);
    const text = (await vscode.workspace.openTextDocument(uri)).getText();
    await this.show(text);
    return { success: true };
  };

  dispose(): void {
    for (const panel of this.open.values()) panel.dispose();
  }

  private async show(text: string): Promise<void> {
    const [, title = 'Herdmate'] = /^# (.+)$/m.exec(text) ?? [];
    this.open.get(title)?.dispose();
    const panel = this.make(title);
    const html = await markdownToHtml(text);
    const can = { ask: false, apply: false, insert: false };
    const state = { html, text, done: true, error: '', stopped: false, progress: '', can };
    const labels = { copy: vscode.l10n.t('Copy'), copied: vscode.l10n.t('Copied') };
    const message = { ...state, labels, place: '', isFirst: true, isLast: true };
    const send = () => panel.webview.postMessage(message);
    panel.webview.onDidReceiveMessage(({ do: what, text: code }: { do?: string; text?: string }) =>
      what === 'copy' ? copyCode(code ?? '') : send(),
    );
    panel.webview.html = page(panel.webview, this.media);
  }

  private make(title: string): vscode.WebviewPanel {
    const panel = vscode.window.createWebviewPanel(
      'herdmate.page',
      `Herdmate: ${title}`,
      vscode.ViewColumn.Active,
      { enableScripts: true, enableFindWidget: true, localResourceRoots: [this.media] },
    );
    this.open.set(title, panel);
    panel.onDidDispose(() => this.open.delete(title));
    return panel;
  }
}
