import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as vscode from 'vscode';
import { type ActionArguments, COMMAND_EXPLAIN, type ExplanationPart } from './protocol';
import { selectionArguments } from './selection';
import type { Server } from './server';

const RENDER_EVERY_MS = 100;

/** Explain Selection, and the view beside the code into which an explanation streams. */
export function activateExplain(context: vscode.ExtensionContext, server: Server): void {
  const view = new ExplanationView(vscode.Uri.joinPath(context.extensionUri, 'media'), (args) =>
    server.execute(COMMAND_EXPLAIN, args),
  );
  context.subscriptions.push(
    view,
    server.onExplanation((part) => view.append(part)),
    vscode.commands.registerCommand('herdmate.explainSelection', async () => {
      const args = selectionArguments();
      if (args) await server.execute(COMMAND_EXPLAIN, args);
    }),
  );
}

/** A single panel, which shows the newest explanation until the user closes it. */
class ExplanationView implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private readonly begun = new Set<string>();
  private id: string | undefined;
  private text = '';
  private last: ExplanationPart | undefined;
  private next: ActionArguments | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly media: vscode.Uri,
    private readonly ask: (args: ActionArguments) => Promise<void>,
  ) {}

  append(part: ExplanationPart): void {
    if (!this.begun.has(part.id)) this.begin(part);
    if (part.id !== this.id) return; // An older one, or one whose view was closed.
    this.text += part.text;
    this.last = part;
    this.next = part.next ?? this.next; // A failed question can be asked again.
    this.timer ??= setTimeout(() => this.render(), RENDER_EVERY_MS);
  }

  dispose(): void {
    this.panel?.dispose();
  }

  private begin(part: ExplanationPart): void {
    this.begun.add(part.id);
    const goesOn = this.panel && part.uri === this.last?.uri;
    const question = goesOn && part.question?.replace(/\s+/g, ' ');
    this.text = question ? `${this.text}\n\n---\n\n> ${question}\n\n` : '';
    if (!question) this.next = undefined;
    this.id = part.id;
    this.panel ??= this.open();
    this.panel.title = part.title;
    this.panel.reveal(undefined, true);
  }

  private open(): vscode.WebviewPanel {
    const panel = vscode.window.createWebviewPanel(
      'herdmate.explanation',
      '',
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
      { enableScripts: true, enableFindWidget: true, localResourceRoots: [this.media] },
    );
    panel.onDidDispose(() => {
      this.panel = undefined;
      this.id = undefined;
    });
    // The page sends a message when it has loaded, whenever it is shown again, and with each
    // question that the user asks.
    panel.webview.onDidReceiveMessage(({ question }: { question?: string }) => {
      if (question && this.next) return this.ask({ ...this.next, instruction: question });
      return this.render();
    });
    panel.webview.html = page(panel.webview, this.media);
    return panel;
  }

  private async render(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { text, last } = this;
    const html = await markdownToHtml(text);
    const { done, error, stopped } = last ?? {};
    const asks = done && this.next ? vscode.l10n.t('Ask about this…') : '';
    await this.panel?.webview.postMessage({ html, text, done, error, stopped, asks });
  }
}

/** Undefined if VS Code's built-in Markdown extension is switched off. */
async function markdownToHtml(text: string): Promise<string | undefined> {
  try {
    return await vscode.commands.executeCommand<string>('markdown.api.render', text);
  } catch {
    return undefined;
  }
}

/** The empty page: it may run its own script but load nothing, whatever the model writes. */
function page(webview: vscode.Webview, media: vscode.Uri): string {
  const values: Record<string, string> = { source: webview.cspSource, nonce: randomUUID() };
  for (const name of ['explanation.css', 'explanation.js'])
    values[name] = webview.asWebviewUri(vscode.Uri.joinPath(media, name)).toString();
  const html = readFileSync(vscode.Uri.joinPath(media, 'explanation.html').fsPath, 'utf8');
  return html.replace(/\{([\w.]+)\}/g, (_, name: string) => values[name] ?? '');
}
