import * as vscode from 'vscode';
import { ExecuteCommandRequest, type LanguageClient, State } from 'vscode-languageclient/node';
import { newClient, sendSettings } from './client';
import type { ExplanationPart, Status } from './protocol';
import { CONFIGURE, DIAGNOSTICS, EXPLANATION, STATUS } from './protocol';
import { FROM_PATH, interpreter, serverCommand } from './serverCommand';
import { commandOfSettings, configure } from './settings';
import { Setup } from './setup';

const API_KEY = 'HERDMATE_API_KEY';

type Failure = Status & { show: () => Promise<void> };

/** The server's process and the connection to it. Each start makes a new client. */
export class Server {
  private readonly log = vscode.window.createOutputChannel('Herdmate', { log: true });
  private readonly status = new vscode.EventEmitter<Status>();
  private readonly explanation = new vscode.EventEmitter<ExplanationPart>();
  private readonly setup: Setup;
  private client: LanguageClient | undefined;
  private command: string | undefined; // of the settings, at the last start
  private failure: Failure | undefined; // while the server neither runs nor starts
  private turn: Promise<void> = Promise.resolve();

  readonly onStatus = this.status.event;
  readonly onExplanation = this.explanation.event;

  constructor(private readonly context: vscode.ExtensionContext) {
    this.setup = new Setup(context, this.log);
    context.subscriptions.push(
      this.setup,
      this.log,
      this.status,
      this.explanation,
      vscode.commands.registerCommand('herdmate.restartServer', () => this.restart()),
      vscode.commands.registerCommand('herdmate.setApiKey', () => this.setApiKey()),
      vscode.commands.registerCommand('herdmate.setUp', () => this.setUp()),
      vscode.commands.registerCommand('herdmate.showLog', () => this.log.show(true)),
      vscode.workspace.onDidChangeConfiguration((event) => {
        // Trust counts as a change of all settings that depend on it, whether they differ or not.
        const isOther = this.failure || `${commandOfSettings()}` !== this.command;
        if (event.affectsConfiguration('herdmate') && isOther) void this.restart();
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(async () => {
        await this.turn;
        await (this.client ? sendSettings(this.client) : this.restart());
      }),
    );
  }

  /** Ends the server if it runs, and starts it as the settings say now. Never rejects. */
  restart(): Promise<void> {
    return this.inTurn(async () => {
      await this.end();
      await this.start();
    });
  }

  /** Makes an environment for the server that the extension carries, and starts that. */
  private async setUp(): Promise<void> {
    if (this.setup.isOlder()) return this.restart(); // which tries it once
    const failure = this.failure;
    await this.stop(); // Windows replaces no file that is in use
    this.status.fire({ state: 'starting', message: vscode.l10n.t('Setting up Herdmate') });
    const python = await interpreter().catch(() => undefined);
    if ((await this.setup.run(python)) || !failure) await this.restart();
    else this.status.fire(failure);
  }

  /** Keeps the key of a remote engine where VS Code keeps secrets; the server is told at its start. */
  private async setApiKey(): Promise<void> {
    const prompt = vscode.l10n.t('The key for herdmate.remote.url. An empty one removes it.');
    const key = await vscode.window.showInputBox({ prompt, password: true });
    if (key === undefined) return;
    await (key ? this.context.secrets.store(API_KEY, key) : this.context.secrets.delete(API_KEY));
    await this.restart();
  }

  stop(): Promise<void> {
    return this.inTurn(() => this.end());
  }

  /** Runs a command of the server; where none runs, the user is told again why. */
  async execute(command: string, ...args: object[]): Promise<void> {
    await this.turn;
    if (!this.client) return this.failure?.show();
    await this.client.sendRequest(ExecuteCommandRequest.type, { command, arguments: args });
  }

  /** Asks the server something, where one runs. */
  async request<T>(method: string, params: object): Promise<T | undefined> {
    await this.turn;
    return this.client?.sendRequest<T>(method, params);
  }

  /** Tells the server something, where one runs. */
  async notify(method: string, params: object): Promise<void> {
    await this.turn;
    await this.client?.sendNotification(method, params);
  }

  private inTurn(step: () => Promise<void>): Promise<void> {
    this.turn = this.turn.then(step).catch((error) => this.tellOfFailedStart(String(error)));
    return this.turn;
  }

  private async start(): Promise<void> {
    this.status.fire({ state: 'starting', message: vscode.l10n.t('The server is starting.') });
    this.command = `${commandOfSettings()}`;
    this.failure = undefined;
    const [program, ...args] = await serverCommand(this.log, () => this.setup.server());
    this.log.info(`Starting ${[program, ...args, 'serve'].join(' ')}`);
    const key = await this.context.secrets.get(API_KEY);
    const client = newClient([program, ...args, 'serve'], this.log, key);
    client.onRequest(CONFIGURE, configure);
    client.onNotification(STATUS, (status: Status) => this.status.fire(status));
    client.onNotification(EXPLANATION, (part: ExplanationPart) => this.explanation.fire(part));
    client.onRequest(DIAGNOSTICS, ({ uri }: { uri: string }) => {
      const all = vscode.languages.getDiagnostics(client.protocol2CodeConverter.asUri(uri));
      return client.code2ProtocolConverter.asDiagnostics(all);
    });
    client.onDidChangeState(({ newState }) => {
      if (newState !== State.Stopped || this.client !== client) return;
      this.client = undefined;
      const message = vscode.l10n.t("Herdmate's server ended unexpectedly.");
      this.tell(message, vscode.l10n.t('Restart'), () => this.failure && this.restart());
    });
    await client.start();
    this.client = client;
  }

  private async end(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await client?.stop().catch((error) => this.log.error(error));
  }

  private tellOfFailedStart(error: string): void {
    const missing = /Launching server using command (.*) failed/.exec(error)?.[1];
    if (missing === FROM_PATH) {
      const message = vscode.l10n.t('Herdmate has no server on this machine yet.');
      this.tell(message, vscode.l10n.t('Set Up'), () => this.failure && this.setUp());
    } else if (missing) {
      const message = vscode.l10n.t("Herdmate's server was not found: there is no {0}.", missing);
      const page = vscode.Uri.joinPath(this.context.extensionUri, 'INSTALL.md');
      const show = () => vscode.commands.executeCommand('markdown.showPreview', page);
      this.tell(message, vscode.l10n.t('How to Install'), show);
    } else {
      this.log.error(error);
      const message = vscode.l10n.t("Herdmate's server could not be started.");
      this.tell(message, vscode.l10n.t('Show Log'), () => this.log.show());
    }
  }

  private tell(message: string, button: string, action: () => unknown): void {
    const show = async () => {
      if (await vscode.window.showErrorMessage(message, button)) await action();
    };
    this.failure = { state: 'error', message, show };
    this.status.fire(this.failure);
    void show();
  }
}
