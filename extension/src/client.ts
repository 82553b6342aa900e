import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import * as vscode from 'vscode';
import {
  CloseAction,
  DidChangeConfigurationNotification,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
  MessageType,
  RevealOutputChannelOn,
  ShowMessageNotification,
  type StaticFeature,
} from 'vscode-languageclient/node';
import { askAgain, isAskingAgain } from './growth';
import { logLine } from './logLine';
import { type Kind, tell } from './messages';
import type { Pages } from './pages';
import { progressWithCancel } from './progress';
import { COMMAND_ACCEPTED, COMPLETION_GREW } from './protocol';
import { settings } from './settings';

const { Automatic } = vscode.InlineCompletionTriggerKind;

/** The documents that the server is told about. */
export const SERVED = ['file', 'untitled', 'vscode-notebook-cell'].map((scheme) => ({ scheme }));

/**
 * A client that is ready to start; it calls `launch` to start the server. The library itself takes
 * care of ghost text and code actions.
 */
export function newClient(
  launch: () => Promise<ChildProcess>,
  log: vscode.LogOutputChannel,
  onAccepted: () => void,
  pages: Pages,
): LanguageClient {
  const options: LanguageClientOptions = {
    documentSelector: SERVED,
    outputChannel: log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    stdioOptions: {
      stdout: () => {},
      stderr: (input) =>
        createInterface({ input }).on('line', (line) => {
          const [level, text] = logLine(line);
          log[level](text);
        }),
    },
    initializationOptions: settings,
    middleware: {
      handleWorkDoneProgress: progressWithCancel(() => client),
      provideInlineCompletionItems: (document, position, context, token, next) => {
        if (isAskingAgain(document, position)) context = { ...context, triggerKind: Automatic };
        return hasSeveralCursors(document) && context.triggerKind === Automatic
          ? undefined
          : next(document, position, context, token);
      },
      executeCommand: (command, args, next) => {
        if (command === COMMAND_ACCEPTED) onAccepted();
        return next(command, args);
      },
      window: { showDocument: pages.showDocument },
      workspace: {
        configuration: ({ items }) =>
          items.map(({ section }) => (section === 'herdmate' ? settings() : null)),
        didChangeConfiguration: () => sendSettings(client),
      },
    },
    initializationFailedHandler: () => false,
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => ({ action: CloseAction.DoNotRestart, handled: true }),
    },
  };
  const client = new QuietClient('herdmate', 'Herdmate', launch, options);
  client.registerFeature(ownCapabilities);
  client.onNotification(COMPLETION_GREW, askAgain);
  client.onNotification(ShowMessageNotification.type, ({ type, message }) =>
    tell(KINDS.get(type) ?? 'information', message),
  );
  return client;
}

const KINDS = new Map<MessageType, Kind>([
  [MessageType.Error, 'error'],
  [MessageType.Warning, 'warning'],
]);

/** Ghost text is for one place: with several cursors it would appear only at the first. */
function hasSeveralCursors(document: vscode.TextDocument): boolean {
  const editor = vscode.window.activeTextEditor;
  return editor?.document === document && editor.selections.length > 1;
}

export async function sendSettings(client: LanguageClient): Promise<void> {
  const params = { settings: { herdmate: settings() } };
  const sent = client.sendNotification(DidChangeConfigurationNotification.type, params);
  // A changed setting may also restart the server; the new one then starts with it.
  await sent.catch((error) => client.isRunning() && Promise.reject(error));
}

/** Tells the server that this client supports what `protocol.ts` adds to the protocol. */
const ownCapabilities: StaticFeature = {
  fillClientCapabilities: (capabilities) => {
    const extensions = vscode.extensions.all.map(({ id }) => id);
    const own = { status: true, explanation: true, ask: true, diagnostics: true };
    const others = { declarations: true, menu: true, configure: true, grows: true, extensions };
    const more = { review: true, stop: true, ghostText: true, suggestionKey: 'Alt+\\' };
    capabilities.experimental = { herdmate: { ...own, ...others, ...more } };
  },
  initialize: () => {},
  getState: () => ({ kind: 'static' }),
  clear: () => {},
};

/** Only logs errors, without stack traces: `server.ts` tells the user once what went wrong. */
class QuietClient extends LanguageClient {
  override error(message: string, cause?: unknown): void {
    super.error(message, cause && String(cause), false);
  }
}
