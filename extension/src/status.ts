import * as vscode from 'vscode';
import {
  COMMAND_FETCH_MODEL,
  COMMAND_RESTART_ENGINE,
  COMMAND_SEEN,
  COMMAND_STATS,
  COMMAND_WHY,
  type State,
  type Status,
} from './protocol';
import type { Server } from './server';

const ICONS: Record<State, string> = {
  starting: '$(loading~spin)',
  noModel: '$(cloud-download)',
  fetching: '$(loading~spin)',
  loading: '$(loading~spin)',
  ready: '$(sparkle)',
  thinking: '$(loading~spin)',
  sleeping: '$(coffee)',
  error: '$(error)',
};

const WORDS: Record<State, string> = {
  starting: 'starting',
  noModel: 'no model',
  fetching: 'fetching the model',
  loading: 'loading the model',
  ready: 'ready',
  thinking: 'thinking',
  sleeping: 'sleeping',
  error: 'error',
};

const BACKGROUNDS: Partial<Record<State, string>> = {
  noModel: 'statusBarItem.warningBackground',
  error: 'statusBarItem.errorBackground',
};

const OPEN_SETTINGS = 'workbench.action.openSettings';

/** What the server does, at the right of the status bar; a click shows more. */
export function activateStatus(context: vscode.ExtensionContext, server: Server): void {
  let status: Status = { state: 'starting' };
  const item = vscode.window.createStatusBarItem('status', vscode.StatusBarAlignment.Right);
  item.name = 'Herdmate';
  item.command = 'herdmate.showStatus';
  const show = (now: Status) => {
    status = now;
    paint(item, now);
  };
  show(status);
  item.show();
  context.subscriptions.push(
    item,
    server.onStatus(show),
    vscode.commands.registerCommand('herdmate.showStatus', () =>
      status.state === 'noModel' ? offerModel(status, server) : showMore(status, server),
    ),
  );
}

function paint(item: vscode.StatusBarItem, status: Status): void {
  const background = BACKGROUNDS[status.state];
  item.text = `${ICONS[status.state]} Herdmate${percent(status)}`;
  item.backgroundColor = background && new vscode.ThemeColor(background);
  item.tooltip = `${title(status)}${status.message ? `\n${status.message}` : ''}`;
  item.accessibilityInformation = { label: title(status), role: 'button' };
}

function percent({ fraction }: Status): string {
  return typeof fraction === 'number' ? ` ${Math.round(fraction * 100)} %` : '';
}

function title(status: Status): string {
  const model = status.model ? `, ${status.model}` : '';
  return `Herdmate: ${WORDS[status.state]}${percent(status)}${model}`;
}

async function offerModel(status: Status, server: Server): Promise<void> {
  const text = { modal: true, detail: status.message ?? '' };
  const button = 'Fetch a Model';
  const chosen = await vscode.window.showInformationMessage('Herdmate has no model.', text, button);
  if (chosen) await server.execute(COMMAND_FETCH_MODEL);
}

async function showMore(status: Status, server: Server): Promise<void> {
  const run = vscode.commands.executeCommand;
  const choices = [
    { label: '$(question) Why No Suggestion?', act: () => server.execute(COMMAND_WHY) },
    { label: '$(eye) Show What the Model Saw', act: () => server.execute(COMMAND_SEEN) },
    { label: '$(graph) Show Statistics', act: () => server.execute(COMMAND_STATS) },
    { label: '$(output) Show Log', act: () => run('herdmate.showLog') },
    { label: '$(gear) Settings', act: () => run(OPEN_SETTINGS, '@ext:herdmate.herdmate') },
    { label: '$(sync) Restart Model', act: () => server.execute(COMMAND_RESTART_ENGINE) },
    { label: '$(refresh) Restart Server', act: () => run('herdmate.restartServer') },
  ];
  const chosen = await vscode.window.showQuickPick(choices, {
    title: title(status),
    placeHolder: status.message ?? '',
  });
  await chosen?.act();
}
