import * as vscode from 'vscode';
import { applyCode, copyCode, insertCode } from './codeBlocks';
import { Explanations } from './explanations';
import { withoutHtml } from './markdown';
import { tell } from './messages';
import { COMMAND_EXPLAIN, STOP } from './protocol';
import { selectionArguments } from './selection';
import type { Server } from './server';
import { markdownToHtml, page } from './webview';

const RENDER_EVERY_MS = 100;

/** What the page asks for. Without `do`, it has loaded or is shown again. */
interface Message {
  do?: 'ask' | 'stop' | 'back' | 'forward' | 'copy' | 'insert' | 'apply';
  text?: string;
}

/** Explain Selection, and the view beside the code into which an explanation streams. */
export function activateExplain(context: vscode.ExtensionContext, server: Server): void {
  const view = new ExplanationView(vscode.Uri.joinPath(context.extensionUri, 'media'), server);
  context.subscriptions.push(
    view,
    vscode.commands.registerCommand('herdmate.explainSelection', async () => {
      const args = selectionArguments();
      if (args) await server.execute(COMMAND_EXPLAIN, args);
    }),
    vscode.commands.registerCommand('herdmate.showExplanation', () => view.show()),
  );
}

/** A single panel, which shows the newest explanation or one that the user goes back to. */
class ExplanationView implements vscode.Disposable {
  private readonly all = new Explanations();
  private readonly parts: vscode.Disposable;
  private panel: vscode.WebviewPanel | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly media: vscode.Uri,
    private readonly server: Server,
  ) {
    const renderSoon = () => {
      this.timer ??= setTimeout(() => this.render(), RENDER_EVERY_MS);
    };
    this.parts = vscode.Disposable.from(
      server.onExplanation((part) => (this.all.append(part) ? this.show() : renderSoon())),
      server.onFailure((message) => {
        this.all.end(message);
        renderSoon();
      }),
    );
  }

  /** Shows the explanation that was last looked at, if there is one. */
  show(): void {
    if (!this.all.shown) {
      const sentence = vscode.l10n.t('There is no explanation yet.');
      return void tell('information', sentence);
    }
    this.panel ??= this.open();
    this.panel.reveal(undefined, true);
    void this.render();
  }

  dispose(): void {
    this.parts.dispose();
    this.panel?.dispose();
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
      for (const id of this.all.unfinished()) this.stop(id);
    });
    panel.webview.onDidReceiveMessage((message: Message) => this.follow(message));
    panel.webview.html = page(panel.webview, this.media);
    return panel;
  }

  private async follow({ do: what, text = '' }: Message): Promise<void> {
    const { shown } = this.all;
    if (what === 'stop' && shown) return this.stop(shown.id);
    if (what === 'copy') return copyCode(text);
    if (what === 'insert') return insertCode(text, shown?.uri);
    if (what === 'apply' && shown?.next) return applyCode(this.server, shown.next, text);
    if (what === 'ask' && shown?.next)
      return this.server.execute(COMMAND_EXPLAIN, { ...shown.next, instruction: text });
    if (what === 'back') this.all.go(-1);
    if (what === 'forward') this.all.go(1);
    await this.render();
  }

  private stop(id: string): void {
    void this.server.notify(STOP, { id });
  }

  private async render(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { shown } = this.all;
    if (!this.panel || !shown) return;
    const { text, title, done, error, stopped, progress } = shown;
    this.panel.title = title;
    const html = await markdownToHtml(withoutHtml(text));
    const state = { html, text, done, error, stopped, progress };
    const can = { ask: done && !!shown.next, apply: done && !!shown.next, insert: true };
    const [at, count] = this.all.place;
    const place = vscode.l10n.t('{0} of {1}', at, count);
    const message = { ...state, can, place, isFirst: at === 1, isLast: at === count };
    await this.panel?.webview.postMessage({ ...message, labels: labels() });
  }
}

function labels(): Record<string, string> {
  return {
    ask: vscode.l10n.t('Ask about this…'),
    stop: vscode.l10n.t('Stop'),
    back: vscode.l10n.t('Previous explanation'),
    forward: vscode.l10n.t('Next explanation'),
    copy: vscode.l10n.t('Copy'),
    copied: vscode.l10n.t('Copied'),
    insert: vscode.l10n.t('Insert at Cursor'),
    apply: vscode.l10n.t('Apply'),
    tools: vscode.l10n.t('Explanations'),
  };
}
