import * as vscode from 'vscode';
import { SERVED } from './client';
import { withSpaces } from './markdown';
import type { GhostText, Menu, MenuItem, State, Status } from './protocol';
import { COMMAND_MODELS, COMMAND_TOGGLE, GHOST_TEXT, MENU } from './protocol';
import type { Server } from './server';

/** What is shown: a state of the server, or that there is none yet. */
export type Shown = Omit<Status, 'state'> & { state: State | 'notSetUp' };

type Drawing = { icon: string; name: string; colour?: 'warning' | 'error' };

const STATES: Record<Shown['state'], Drawing> = {
  starting: { icon: 'sync~spin', name: vscode.l10n.t('starting') },
  noModel: { icon: 'cloud-download', name: vscode.l10n.t('no model'), colour: 'warning' },
  fetching: { icon: 'sync~spin', name: vscode.l10n.t('fetching') },
  loading: { icon: 'sync~spin', name: vscode.l10n.t('loading') },
  ready: { icon: 'sparkle', name: vscode.l10n.t('ready') },
  thinking: { icon: 'loading~spin', name: vscode.l10n.t('thinking') },
  sleeping: { icon: 'coffee', name: vscode.l10n.t('sleeping') },
  notSetUp: { icon: 'rocket', name: vscode.l10n.t('not set up') },
  error: { icon: 'error', name: vscode.l10n.t('error'), colour: 'error' },
};
const REMOTE = 'cloud';
const SWITCHED = {
  off: { icon: 'circle-slash', name: vscode.l10n.t('ghost text is off') },
  paused: { icon: 'debug-pause', name: vscode.l10n.t('ghost text is paused') },
};

/** What is done with code every day; after what turns ghost text on or off. */
const EVERY_DAY = [
  row(vscode.l10n.t('Explain'), 'comment-discussion', 'herdmate.explainSelection'),
  row(vscode.l10n.t('Refactor…'), 'lightbulb', 'herdmate.refactor'),
  row(vscode.l10n.t('Change in My Own Words…'), 'edit', 'herdmate.askSelection'),
  row(vscode.l10n.t('Next Suggestion'), 'arrow-right', 'herdmate.nextSuggestion'),
];

/** What can be done even if no server is running. */
const ALWAYS = [
  row(vscode.l10n.t('Show Log'), 'output', 'herdmate.showLog'),
  row(vscode.l10n.t('Settings'), 'gear', 'workbench.action.openSettings', '@ext:herdmate.herdmate'),
  row(vscode.l10n.t('Restart Server'), 'refresh', 'herdmate.restartServer'),
];

/** Opens the menu; it has been clicked, so the keyboard would stay where no code is. */
const CLICKED = { command: 'herdmate.showStatus', arguments: ['clicked'] };
const LINKED = ['herdmate.toggleGhostText', 'herdmate.showStatus'];

/** Shows what the server is doing, in the status bar and language status; a click shows more. */
export function activateStatus(context: vscode.ExtensionContext, server: Server): void {
  let status: Shown = { state: 'starting' };
  let ghostText: GhostText = { state: 'on' };
  const item = vscode.window.createStatusBarItem('status', vscode.StatusBarAlignment.Right);
  const beside = vscode.languages.createLanguageStatusItem('status', SERVED);
  item.name = beside.name = 'Herdmate';
  item.command = beside.command = { title: vscode.l10n.t('Menu'), ...CLICKED };
  const show = () => {
    paint(item, status, ghostText);
    beside.text = title(status, ghostText);
    beside.detail = status.state === 'ready' ? '' : (status.message ?? ''); // both share one line
  };
  const look = async () => {
    const uri = activeUri();
    const found = await server.request<GhostText>(GHOST_TEXT, { uri }).catch(() => undefined);
    if (uri !== activeUri()) return;
    ghostText = found ?? { state: 'on' };
    show();
  };
  show();
  item.show();
  context.subscriptions.push(
    item,
    beside,
    server.onStatus((now) => {
      const hasBegun = status.state === 'starting' && now.state !== 'starting';
      status = now;
      show();
      if (hasBegun) void look();
    }),
    server.onGhostText(look),
    vscode.window.onDidChangeActiveTextEditor(look),
    vscode.commands.registerCommand('herdmate.toggleGhostText', () =>
      server.execute(COMMAND_TOGGLE, activeUri()),
    ),
    vscode.commands.registerCommand('herdmate.showStatus', (how?: unknown) =>
      showStatus(server, status, how === CLICKED.arguments[0]),
    ),
    vscode.commands.registerCommand(COMMAND_MODELS, (menu?: unknown) =>
      showModels(server, typeof menu === 'string' ? menu : 'models', status),
    ),
  );
}

const activeUri = () => vscode.window.activeTextEditor?.document.uri.toString() ?? '';

function row(label: string, icon: string, command: string, ...args: string[]): MenuItem {
  return { label, icon, command, arguments: args };
}

/** The status to draw: that of ghost text's own model while only that one cannot be used. */
function drawn(status: Shown): Shown {
  const ghost = status.completion;
  const isBehind = ghost && ['error', 'noModel', 'starting', 'loading'].includes(ghost.state);
  return isBehind && status.state === 'ready' ? ghost : status;
}

/** What hinders the user counts most, then what was switched off, then what is going on. */
function iconOf(status: Shown, ghostText: GhostText): string {
  const { state, remote } = drawn(status);
  const isQuiet = ['ready', 'sleeping'].includes(state);
  if (isQuiet && ghostText.state !== 'on') return SWITCHED[ghostText.state].icon;
  return state === 'ready' && remote ? REMOTE : STATES[state].icon;
}

function paint(item: vscode.StatusBarItem, status: Shown, ghostText: GhostText): void {
  const { colour } = STATES[drawn(status).state];
  item.text = `$(${iconOf(status, ghostText)}) Herdmate${percent(drawn(status))}`;
  item.backgroundColor = colour && new vscode.ThemeColor(`statusBarItem.${colour}Background`);
  item.tooltip = tooltip(status, ghostText);
  item.accessibilityInformation = { label: title(status, ghostText), role: 'button' };
}

function tooltip(status: Shown, ghostText: GhostText): vscode.MarkdownString {
  const shown = new vscode.MarkdownString();
  shown.isTrusted = { enabledCommands: LINKED };
  for (const text of [title(status, ghostText), status.message, ghostText.message])
    if (text) shown.appendText(text).appendMarkdown('\n\n');
  shown.value = withSpaces(shown.value);
  const [toggle, menu] = LINKED;
  const turn =
    ghostText.state === 'on'
      ? vscode.l10n.t('Turn Ghost Text Off')
      : vscode.l10n.t('Turn Ghost Text On');
  const more = vscode.l10n.t('Menu');
  const clicked = encodeURIComponent(JSON.stringify(CLICKED.arguments));
  return shown.appendMarkdown(
    `[${turn}](command:${toggle}) · [${more}](command:${menu}?${clicked})`,
  );
}

function percent({ fraction }: Shown): string {
  return typeof fraction === 'number' ? ` ${Math.round(fraction * 100)}%` : '';
}

function title(status: Shown, ghostText: GhostText): string {
  const ghost = status.completion;
  const beside = ghost && vscode.l10n.t('ghost text: {0}', named(ghost));
  const switched = ghostText.state === 'on' ? undefined : SWITCHED[ghostText.state].name;
  return `Herdmate: ${[named(status), beside, switched].filter(Boolean).join('; ')}`;
}

function named(status: Shown): string {
  const state = `${STATES[status.state].name}${percent(status)}`;
  const where = status.remote ? vscode.l10n.t('on a remote server') : undefined;
  return [state, status.model, where].filter(Boolean).join(', ');
}

/** Everyday things first, then the models, then what is seldom wanted. */
async function showStatus(server: Server, status: Shown, isClicked: boolean): Promise<void> {
  const told = await menuOf(server, 'status');
  const of = (...groups: string[]) =>
    (told?.items ?? []).filter(({ group = '' }) => groups.includes(group));
  const setUp = row(vscode.l10n.t('Set Up'), 'desktop-download', 'herdmate.setUp');
  const around = row(vscode.l10n.t('Get Started'), 'rocket', 'herdmate.getStarted');
  const items = told
    ? [
        ...picks(of('')),
        ...picks(vscode.window.activeTextEditor ? EVERY_DAY : []),
        ...section(vscode.l10n.t('Model'), of('model')),
        ...section(vscode.l10n.t('Pause'), of('pause')),
        ...section(vscode.l10n.t('More'), [...of('look'), ...ALWAYS]),
      ]
    : picks([setUp, around, ...ALWAYS]);
  await choose(items, told, status, isClicked);
}

async function showModels(server: Server, menu: string, status: Shown): Promise<void> {
  const told = await menuOf(server, menu);
  await choose(picks(told?.items ?? ALWAYS), told, status);
}

function menuOf(server: Server, menu: string): Promise<Menu | undefined> {
  return server.request<Menu>(MENU, { menu, uri: activeUri() });
}

type Pick = vscode.QuickPickItem & Partial<MenuItem>;

function picks(items: readonly MenuItem[]): Pick[] {
  return items.map((item) => ({ ...item, iconPath: new vscode.ThemeIcon(item.icon) }));
}

function section(label: string, items: readonly MenuItem[]): Pick[] {
  const head = { label, kind: vscode.QuickPickItemKind.Separator };
  return items.length ? [head, ...picks(items)] : [];
}

/** What is chosen may open something; else the keyboard goes back to the code if `isClicked`. */
async function choose(
  items: Pick[],
  told: Menu | undefined,
  status: Shown,
  isClicked = false,
): Promise<void> {
  const chosen = await vscode.window.showQuickPick(items, {
    title: told?.title ?? title(status, { state: 'on' }),
    placeHolder: told?.placeholder ?? status.message ?? '',
    matchOnDetail: false,
  });
  if (isClicked) await vscode.commands.executeCommand('workbench.action.focusActiveEditorGroup');
  if (chosen?.command)
    await vscode.commands.executeCommand(chosen.command, ...(chosen.arguments ?? []));
}
