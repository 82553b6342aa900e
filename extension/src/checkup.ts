import * as vscode from 'vscode';
import { type Button, checkupPage, type Finding, findingsIn } from './checkupPage';
import type { Output } from './children';
import type { Server } from './server';
import { MissingServerError } from './serverCommand';

const QUESTIONS = '**What happened?**\n\n\n**What did you expect?**\n\n\n'; // in English, as the report
const PATIENCE = 120_000; // milliseconds; it may ask a remote server, and load llama.cpp
const REMOTES = [
  'ssh-remote',
  'wsl',
  'dev-container',
  'attached-container',
  'codespaces',
  'tunnel',
];
const SET_UP: Button = [vscode.l10n.t('Set Up'), 'herdmate.setUp'];
const SHOW_LOG: Button = [vscode.l10n.t('Show Log'), 'herdmate.showLog'];
const AGAIN: Button = [vscode.l10n.t('Check Again'), 'herdmate.checkSetUp'];
const REPORT: Button = [vscode.l10n.t('Report an Issue'), 'herdmate.reportIssue'];

/** Check My Set-up and Report an Issue: what `herdmate doctor` says, whether a server runs or not. */
export function activateCheckup(context: vscode.ExtensionContext, server: Server): void {
  const media = vscode.Uri.joinPath(context.extensionUri, 'media');
  let panel: vscode.WebviewPanel | undefined;
  const open = () => {
    const made = vscode.window.createWebviewPanel(
      'herdmate.checkup',
      '',
      vscode.ViewColumn.Active,
      {
        enableCommandUris: [SET_UP, SHOW_LOG, AGAIN, REPORT].map(([, command]) => command),
        enableFindWidget: true,
        localResourceRoots: [media],
      },
    );
    made.onDidDispose(() => {
      panel = undefined;
    });
    return made;
  };
  const check = async () => {
    const [findings, buttons] = await examine(server, context);
    panel ??= open();
    const { webview } = panel;
    panel.title = vscode.l10n.t("Herdmate's Set-up");
    const style = webview.asWebviewUri(vscode.Uri.joinPath(media, 'checkup.css')).toString();
    const place = { style, source: webview.cspSource };
    webview.html = checkupPage(panel.title, findings, buttons, names(), place);
    panel.reveal();
  };
  context.subscriptions.push(
    { dispose: () => panel?.dispose() },
    vscode.commands.registerCommand('herdmate.checkSetUp', check),
    vscode.commands.registerCommand('herdmate.reportIssue', () => report(server, context)),
  );
}

/** What is found, and what can be done about it. */
async function examine(
  server: Server,
  context: vscode.ExtensionContext,
): Promise<[Finding[], Button[]]> {
  const own: Finding = { topic: 'VS Code', state: 'ok', text: versions(context), mend: '' };
  const output = await doctor(server, '--json');
  const findings = output && findingsIn(output.stdout);
  const others = findings?.filter((it) => !it.text.startsWith('vscode, ')); // that is us
  if (others)
    return [
      [own, ...others],
      [AGAIN, REPORT, SHOW_LOG],
    ];
  const said = output?.stderr.trim().split('\n').at(-1) || `${output?.code}`;
  const missing = vscode.l10n.t("Herdmate's server is not installed yet.");
  const broken = vscode.l10n.t('Herdmate is installed but does not run: {0}', said);
  const text = output ? broken : missing;
  const trouble: Finding = { topic: 'Herdmate', state: 'trouble', text, mend: '' };
  return [
    [own, trouble],
    [SET_UP, AGAIN, REPORT, SHOW_LOG],
  ];
}

/**
 * Shows a report in an editor, where it can be read and changed first. It has no code, paths or names
 * in it: `herdmate doctor --report` leaves them out. The issue tracker is opened if there is one, and
 * only then.
 */
async function report(server: Server, context: vscode.ExtensionContext): Promise<void> {
  const output = await doctor(server, '--report');
  const state = output ? 'broken' : 'missing';
  const isThere = output?.stdout.startsWith('### Herdmate');
  const facts = isThere ? output?.stdout : `### Herdmate's server: ${state}\n\n`;
  const content = `${QUESTIONS}${facts}- VS Code: ${versions(context)}\n`;
  const document = await vscode.workspace.openTextDocument({ language: 'markdown', content });
  await vscode.window.showTextDocument(document);
  const { bugs } = context.extension.packageJSON as { bugs?: { url?: string } };
  const copy = bugs?.url ? vscode.l10n.t('Copy and Open Tracker') : vscode.l10n.t('Copy');
  const sentence = vscode.l10n.t('This is what a report would say. Read it and add to it.');
  if ((await vscode.window.showInformationMessage(sentence, copy)) !== copy) return;
  await vscode.env.clipboard.writeText(document.getText());
  if (bugs?.url) await vscode.env.openExternal(vscode.Uri.parse(bugs.url, true));
}

/** What a doctor says; undefined if there is none. */
async function doctor(server: Server, form: string): Promise<Output | undefined> {
  const location = vscode.ProgressLocation.Notification;
  const title = vscode.l10n.t('Looking at this machine');
  return vscode.window.withProgress({ location, title }, async () => {
    try {
      return await server.run(PATIENCE, 'doctor', form);
    } catch (error) {
      if (error instanceof MissingServerError) return undefined;
      return { code: undefined, stdout: '', stderr: String(error) };
    }
  });
}

function versions({ extension }: vscode.ExtensionContext): string {
  const { version } = extension.packageJSON as { version: string };
  const remote = vscode.env.remoteName ?? '';
  const kind = REMOTES.includes(remote) ? remote : 'remote'; // others contain the machine's name
  const where = `${process.platform} ${process.arch}${remote && `, ${kind}`}`;
  return `${vscode.version} (${where}), Herdmate ${version}`;
}

function names(): Record<Finding['state'], string> {
  const [ok, note, trouble] = [
    vscode.l10n.t('fine'),
    vscode.l10n.t('note'),
    vscode.l10n.t('trouble'),
  ];
  return { ok, note, trouble };
}
