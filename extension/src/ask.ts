import * as vscode from 'vscode';
import { type ActionArguments, COMMAND_ASK, COMMAND_REWRITE } from './protocol';
import { selectionArguments } from './selection';
import type { Server } from './server';

/** Asks for the user's own words, then has the server change the code accordingly. */
export function activateAsk(context: vscode.ExtensionContext, server: Server): void {
  const ask = async (args: ActionArguments | undefined) => {
    if (!args) return;
    const instruction = await vscode.window.showInputBox({
      title: vscode.l10n.t('Herdmate: Change in My Own Words'),
      prompt: vscode.l10n.t('What should change?'),
      placeHolder: vscode.l10n.t('read the lines lazily instead of all at once'),
    });
    if (instruction?.trim())
      await server.execute(COMMAND_REWRITE, { action: 'change', ...args, instruction });
  };
  context.subscriptions.push(
    vscode.commands.registerCommand(COMMAND_ASK, ask),
    vscode.commands.registerCommand('herdmate.askSelection', () => ask(selectionArguments())),
  );
}
