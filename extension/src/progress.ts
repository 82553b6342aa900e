import * as vscode from 'vscode';
import {
  type LanguageClient,
  type Middleware,
  type ProgressToken,
  WorkDoneProgressCancelNotification,
} from 'vscode-languageclient/node';

type Running = { report: (message: string) => void; finish: () => void };

/** Shows progress that can be cancelled with a button for it, which the library's own has not. */
export function progressWithCancel(
  client: () => LanguageClient,
): NonNullable<Middleware['handleWorkDoneProgress']> {
  const running = new Map<ProgressToken, Running>();
  return (token, params, next) => {
    if (params.kind === 'begin' && params.cancellable) {
      const cancel = () =>
        client().sendNotification(WorkDoneProgressCancelNotification.type, { token });
      running.set(token, show(params.title, params.message, cancel));
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

function show(title: string, message: string | undefined, cancel: () => void): Running {
  const running: Running = { report: () => {}, finish: () => {} };
  void vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, cancellable: true, title },
    (progress, cancelled) => {
      running.report = (text) => progress.report({ message: text });
      running.report(message ?? '');
      cancelled.onCancellationRequested(cancel);
      return new Promise<void>((resolve) => {
        running.finish = resolve;
      });
    },
  );
  return running;
}
