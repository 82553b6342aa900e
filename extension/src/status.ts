import * as vscode from 'vscode';
import { SERVED } from './client';
import type { Menu, MenuItem, State, Status } from './protocol';
import { COMMAND_MODELS, MENU } from './protocol';
import type { Server } from './server';

const STATES: Record<State, { icon: string; name: string }> = {
  starting: { icon: 'loading~spin', name: vscode.l10n.t('starting') },
  noModel: { icon: 'cloud-download', name: vscode.l10n.t('no model') },
  fetching: { icon: 'loading~spin', name: vscode.l10n.t('fetching') },
  loading: { icon: 'loading~spin', name: vscode.l10n.t('loading') },
  ready: { icon: 'sparkle', name: vscode.l10n.t('ready') },
  thinking: { icon: 'loading~spin', name: vscode.l10n.t('thinking') },
  sleeping: { icon: 'coffee', name: vscode.l10n.t('sleeping') },
  error: { icon: 'error', name: vscode.l10n.t('error') },
};

const BACKGROUNDS: Partial<Record<State, string>> = {
  noModel: 'statusBarItem.warningBackground',
  error: 'statusBarItem.errorBackground',
};

/** What can be done also where no server runs. */
const OWN: MenuItem[] = [
  { label: vscode.l10n.t('Show Log'), icon: 'output', command: 'herdmate.showLog' },
  {
    label: vscode.l10n.t('Settings'),
    icon: 'gear',
    command: 'workbench.action.openSettings',
    arguments: ['@ext:herdmate.herdmate'],
  },
  { label: vscode.l10n.t('Restart Server'), icon: 'refresh', command: 'herdmate.restartServer' },
];

/** What the server does, at the right of the status bar and among the language's; clicks show more. */
export function activateStatus(context: vscode.ExtensionContext, server: Server): void {
  let status: Status = { state: 'starting' };
  const item = vscode.window.createStatusBarItem('status', vscode.StatusBarAlignment.Right);
  const beside = vscode.languages.createLanguageStatusItem('status', SERVED);
  item.name = beside.name = 'Herdmate';
  item.command = 'herdmate.showStatus';
  beside.command = { title: vscode.l10n.t('Menu'), command: 'herdmate.showStatus' };
  const show = (now: Status) => {
    status = now;
    paint(item, now);
    beside.text = now.message ? state(now) : title(now); // a message names the model
    beside.detail = now.message ?? '';
  };
  show(status);
  item.show();
  context.subscriptions.push(
    item,
    beside,
    server.onStatus(show),
    vscode.commands.registerCommand('herdmate.showStatus', () =>
      showMenu(server, 'status', OWN, title(status), status.message),
    ),
    vscode.commands.registerCommand(COMMAND_MODELS, () => showMenu(server, 'models', [])),
  );
}

function paint(item: vscode.StatusBarItem, status: Status): void {
  const background = BACKGROUNDS[status.state];
  item.text = `$(${STATES[status.state].icon}) Herdmate${percent(status)}`;
  item.backgroundColor = background && new vscode.ThemeColor(background);
  item.tooltip = `${title(status)}${status.message ? `\n${status.message}` : ''}`;
  item.accessibilityInformation = { label: title(status), role: 'button' };
}

function percent({ fraction }: Status): string {
  return typeof fraction === 'number' ? ` ${Math.round(fraction * 100)} %` : '';
}

function state(status: Status): string {
  return `Herdmate: ${STATES[status.state].name}${percent(status)}`;
}

function title(status: Status): string {
  return state(status) + (status.model ? `, ${status.model}` : '');
}

/** Shows a menu of the server, with `own` at its end; without a server only these. */
async function showMenu(
  server: Server,
  menu: string,
  own: MenuItem[],
  name = 'Herdmate',
  message = '',
): Promise<void> {
  const uri = vscode.window.activeTextEditor?.document.uri.toString() ?? '';
  const told = await server.request<Menu>(MENU, { menu, uri });
  const items = [...(told?.items ?? []), ...own].map((item) => ({
    ...item,
    iconPath: new vscode.ThemeIcon(item.icon),
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: told?.title ?? name,
    placeHolder: told?.placeholder ?? message,
  });
  if (chosen) await vscode.commands.executeCommand(chosen.command, ...(chosen.arguments ?? []));
}
