import * as vscode from 'vscode';
import type { CodeAction } from 'vscode-languageclient/node';
import { tell } from './messages';
import { selectionArguments } from './selection';
import type { Server } from './server';

const OURS = /^Herdmate: /;

/** Refactor…: what Herdmate offers for the selection, without what other extensions do. */
export function activateRefactor(context: vscode.ExtensionContext, server: Server): void {
  const refactor = async () => {
    const args = selectionArguments();
    if (!args) return;
    const { uri, range } = args;
    const asked = {
      textDocument: { uri },
      range,
      context: { diagnostics: [], only: ['refactor'] },
    };
    const offered = await server.request<CodeAction[]>('textDocument/codeAction', asked);
    const items = (offered ?? []).flatMap(({ title, kind, command }) =>
      command && !kind?.startsWith('refactor.explain')
        ? [{ label: title.replace(OURS, ''), command }]
        : [],
    );
    if (!items.length) {
      const sentence = vscode.l10n.t('There is nothing to refactor here; select some code first.');
      return void tell('information', sentence);
    }
    const title = vscode.l10n.t('Herdmate: Refactor');
    const chosen = await vscode.window.showQuickPick(items, { title });
    if (!chosen) return;
    const { command, arguments: given = [] } = chosen.command;
    await vscode.commands.executeCommand(command, ...given);
  };
  context.subscriptions.push(vscode.commands.registerCommand('herdmate.refactor', refactor));
}
