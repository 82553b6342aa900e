import * as vscode from 'vscode';
import { SERVED } from './client';
import type { Menu, MenuItem, State, Status } from './protocol';
import { COMMAND_MODELS, MENU } from './protocol';
import type { Server } from './server';

const STATES: Record<State, { icon: string; name: string; colour?: 'warning' | 'error' }> = {
  starting: { icon: 'loading~spin', name: vscode.l10n.t('starting') },
  noModel: { icon: 'cloud-download', name: vscode.l10n.t('no model'), colour: 'warning' },
  fetching: { icon: 'loading~spin', name: vscode.l10n.t('fetching') },
  loading: { icon: 'loading~spin', name: vscode.l10n.t('loading') },
  ready: { icon: 'sparkle', name: vscode.l10n.t('ready') },
  thinking: { icon: 'loading~spin', name: vscode.l10n.t('thinking') },
  sleeping: { icon: 'coffee', name: vscode.l10n.t('sleeping') },
  error: { icon: 'error', name: vscode.l10n.t('error'), colour: 'error' },
};

/** What can be done even if no server is running. */
const OWN = [
  row(vscode.l10n.t('Show Log'), 'output', 'herdmate.showLog'),
  row(vscode.l10n.t('Settings'), 'gear', 'workbench.action.openSettings', '@ext:herdmate.herdmate'),
  row(vscode.l10n.t('Restart Server'), 'refresh', 'herdmate.restartServer'),
];

/** Shows what the server is doing, in the status bar and language status; a click shows more. */
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
    beside.text = title(now);
    beside.detail = now.state === 'ready' ? '' : (now.message ?? ''); // both share one line
  };
  const open = (menu: string, own: MenuItem[]) => showMenu(server, menu, own, status);
  show(status);
  item.show();
  context.subscriptions.push(
    item,
    beside,
    server.onStatus(show),
    vscode.commands.registerCommand('herdmate.showStatus', () => open('status', OWN)),
    vscode.commands.registerCommand(COMMAND_MODELS, (menu?: unknown) =>
      open(typeof menu === 'string' ? menu : 'models', []),
    ),
  );
}

function row(label: string, icon: string, command: string, ...args: string[]): MenuItem {
  return { label, icon, command, arguments: args };
}

/** The status to draw: that of ghost text's own model while only that one cannot be used. */
function drawn(status: Status): Status {
  const ghost = status.completion;
  const isBehind = ghost && ['error', 'noModel', 'starting', 'loading'].includes(ghost.state);
  return isBehind && status.state === 'ready' ? ghost : status;
}

function paint(item: vscode.StatusBarItem, status: Status): void {
  const { icon, colour } = STATES[drawn(status).state];
  item.text = `$(${icon}) Herdmate${percent(drawn(status))}`;
  item.backgroundColor = colour && new vscode.ThemeColor(`statusBarItem.${colour}Background`);
  item.tooltip = `${title(status)}${status.message ? `\n${status.message}` : ''}`;
  item.accessibilityInformation = { label: title(status), role: 'button' };
}

function percent({ fraction }: Status): string {
  return typeof fraction === 'number' ? ` ${Math.round(fraction * 100)}%` : '';
}

function title(status: Status): string {
  const ghost = status.completion;
  const beside = vscode.l10n.t('ghost text: {0}', ghost ? named(ghost) : '');
  return `Herdmate: ${named(status)}${ghost ? `; ${beside}` : ''}`;
}

function named(status: Status): string {
  const state = `${STATES[status.state].name}${percent(status)}`;
  return status.model ? `${state}, ${status.model}` : state;
}

/** Shows one of the server's menus followed by `own`; without a server, what can still be done. */
async function showMenu(server: Server, menu: string, own: MenuItem[], status: Status) {
  const uri = vscode.window.activeTextEditor?.document.uri.toString() ?? '';
  const told = await server.request<Menu>(MENU, { menu, uri });
  const setUp = row(vscode.l10n.t('Set Up'), 'desktop-download', 'herdmate.setUp');
  const shown = told ? [...told.items, ...own] : [setUp, ...OWN];
  const items = shown.map((item) => ({ ...item, iconPath: new vscode.ThemeIcon(item.icon) }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: told?.title ?? title(status),
    placeHolder: told?.placeholder ?? status.message ?? '',
  });
  if (chosen) await vscode.commands.executeCommand(chosen.command, ...(chosen.arguments ?? []));
}
