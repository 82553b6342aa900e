import * as vscode from 'vscode';
import type { LanguageClient, Middleware, ProgressToken } from 'vscode-languageclient/node';
import { WorkDoneProgressCancelNotification } from 'vscode-languageclient/node';

type Running = { report: (message: string) => void; finish: () => void };

/** Shows cancellable progress with a cancel button, which the library's own lacks. */
export function progressWithCancel(
  client: () => LanguageClient,
): NonNullable<Middleware['handleWorkDoneProgress']> {
  const running = new Map<ProgressToken, Running>();
  return (token, params, next) => {
    if (params.kind === 'begin' && params.cancellable) {
      running.set(token, show(params.title, token, client()));
      return;
    }
    const shown = running.get(token);
    if (shown && params.kind === 'report') return shown.report(params.message ?? '');
    if (shown && params.kind === 'end') {
      running.delete(token);
      shown.finish();
    }
    next(token, params);
  };
}

function show(title: string, token: ProgressToken, client: LanguageClient): Running {
  const running: Running = { report: () => {}, finish: () => {} };
  const ended = new Promise<void>((resolve) => {
    const watch = client.onDidChangeState(() => running.finish()); // the server has ended
    running.finish = () => {
      watch.dispose();
      resolve();
    };
  });
  void vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, cancellable: true, title },
    (progress, cancelled) => {
      running.report = (message) => progress.report({ message });
      cancelled.onCancellationRequested(() =>
        client.sendNotification(WorkDoneProgressCancelNotification.type, { token }),
      );
      return ended;
    },
  );
  return running;
}
