import * as vscode from 'vscode';
import { MessageType, type ShowMessageParams } from 'vscode-languageclient/node';
import { shortened } from './shortened';

/** Shows what the server says; what is long is cut at a sentence, and a button shows all of it. */
export async function showMessage({ type, message }: ShowMessageParams): Promise<void> {
  const show =
    type === MessageType.Error
      ? vscode.window.showErrorMessage
      : type === MessageType.Warning
        ? vscode.window.showWarningMessage
        : vscode.window.showInformationMessage;
  const short = shortened(message);
  if (short === message) return void show(message);
  const details = vscode.l10n.t('Details');
  if ((await show(short, details)) === details)
    await vscode.window.showInformationMessage('Herdmate', { modal: true, detail: message });
}
