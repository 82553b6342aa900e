import * as vscode from 'vscode';
import { fitsInOneLine, shortened } from './shortened';

export type Kind = 'error' | 'warning' | 'information';

/**
 * Shows a message so that all of it can be read. VS Code folds one without a button to a single
 * line: a longer one gets a button. What is very long is cut at a sentence, and the button shows
 * all of it.
 */
export async function tell(kind: Kind, message: string): Promise<void> {
  const show = {
    error: vscode.window.showErrorMessage,
    warning: vscode.window.showWarningMessage,
    information: vscode.window.showInformationMessage,
  }[kind];
  const short = shortened(message);
  if (short !== message) {
    const details = vscode.l10n.t('Details');
    if ((await show(short, details)) === details)
      await vscode.window.showInformationMessage('Herdmate', { modal: true, detail: message });
  } else if (fitsInOneLine(message)) void show(message);
  else void show(message, vscode.l10n.t('OK'));
}
