import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import * as vscode from 'vscode';
import { ExecuteCommandRequest, type LanguageClient, State } from 'vscode-languageclient/node';
import { keyVariables, originsOf, storeKey } from './apiKey';
import {
  endWhole,
  NoAnswerError,
  neutralFolder,
  type Output,
  outputWithin,
  startChild,
  startedWithin,
} from './children';
import { newClient, sendSettings } from './client';
import { Deaths } from './deaths';
import { declarations } from './declarations';
import { tell } from './messages';
import { Pages } from './pages';
import type { DeclarationsParams, ExplanationPart, Review, Status } from './protocol';
import {
  COMMAND_MODELS,
  CONFIGURE,
  DECLARATIONS,
  DIAGNOSTICS,
  EXPLANATION,
  GHOST_TEXT_CHANGED,
  REVIEW,
  SHOW_MENU,
  STATUS,
} from './protocol';
import type { OnReview } from './reviewing';
import { interpreter, MissingServerError, serverCommand } from './serverCommand';
import { commandOfSettings, configure, remoteUrls, settingVariables } from './settings';
import { Setup } from './setup';
import type { Shown } from './status';

const PATIENCE = 60_000; // milliseconds until we give up on a server that does not answer

type Failure = Shown & { show: () => Promise<void> };

/** The server's process and the connection to it. Each start makes a new client. */
export class Server {
  private readonly log = vscode.window.createOutputChannel('Herdmate', { log: true });
  private readonly status = new vscode.EventEmitter<Shown>();
  private readonly explanation = new vscode.EventEmitter<ExplanationPart>();
  private readonly accepted = new vscode.EventEmitter<void>();
  private readonly failed = new vscode.EventEmitter<string>();
  private readonly ghostText = new vscode.EventEmitter<void>();
  private readonly setup: Setup;
  private readonly pages: Pages;
  private readonly deaths = new Deaths();
  private again: NodeJS.Timeout | undefined; // until a server that died is started again
  private client: LanguageClient | undefined;
  private process: ChildProcessWithoutNullStreams | undefined;
  private wish: string | undefined; // what the last start depended on; a change calls for another
  private failure: Failure | undefined; // while the server is neither running nor starting
  private turn: Promise<void> = Promise.resolve();

  readonly onStatus = this.status.event;
  readonly onExplanation = this.explanation.event;
  readonly onAccepted = this.accepted.event; // of ghost text
  readonly onGhostText = this.ghostText.event; // it may have been turned on or off
  readonly onFailure = this.failed.event; // with what the user is told
  onReview: OnReview = async () => ({ applied: false });

  constructor(private readonly context: vscode.ExtensionContext) {
    this.setup = new Setup(context, this.log);
    this.pages = new Pages(vscode.Uri.joinPath(context.extensionUri, 'media'));
    context.subscriptions.push(
      this.setup,
      this.pages,
      this.log,
      this.status,
      this.explanation,
      this.accepted,
      this.failed,
      this.ghostText,
      vscode.commands.registerCommand('herdmate.restartServer', () => {
        this.deaths.forget();
        return this.restart();
      }),
      vscode.commands.registerCommand('herdmate.setApiKey', () => this.setApiKey()),
      vscode.commands.registerCommand('herdmate.setUp', () => this.setUp()),
      vscode.commands.registerCommand('herdmate.showLog', () => this.log.show(true)),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('herdmate')) void this.follow();
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(async () => {
        await this.follow();
        if (this.client) await sendSettings(this.client);
      }),
    );
  }

  /** Ends the server if it is running, and starts it with the current settings. Never rejects. */
  restart(): Promise<void> {
    return this.inTurn(async () => {
      await this.end();
      await this.start();
    });
  }

  /** Restarts the server if the settings now call for a different one, or if it is not running. */
  private follow(): Promise<void> {
    return this.inTurn(async () => {
      if (!(await this.isOther())) return;
      await this.end();
      await this.start();
    });
  }

  /** Installs the server that comes with the extension into its own environment and starts it. */
  private async setUp(): Promise<void> {
    if (this.setup.isOlder()) return this.restart(); // which updates it
    const failure = this.failure;
    await this.stop(); // Windows cannot replace a file that is in use
    this.status.fire({ state: 'starting', message: vscode.l10n.t('Setting up Herdmate') });
    const python = await interpreter().catch(() => undefined);
    if ((await this.setup.run(python, true)) || !failure) await this.restart();
    else this.status.fire(failure);
  }

  /** Stores a remote server's key in VS Code's secret storage; our server gets it at its start. */
  private async setApiKey(): Promise<void> {
    const origins = originsOf(remoteUrls());
    if (!origins.length) {
      const text = vscode.l10n.t(
        'Set herdmate.remote.url or herdmate.completion.remoteUrl first; a key belongs to one server.',
      );
      return void tell('warning', text);
    }
    const placeHolder = vscode.l10n.t('Which server is the key for?');
    const origin = origins[1]
      ? await vscode.window.showQuickPick(origins, { placeHolder })
      : origins[0];
    if (!origin) return;
    const prompt = vscode.l10n.t(
      'API key for {0}; it is sent to no other server. Leave it empty to remove the key.',
      origin,
    );
    const key = await vscode.window.showInputBox({ prompt, password: true });
    if (key === undefined) return;
    await storeKey(this.context.secrets, origin, key);
    await this.restart();
  }

  /** Do the settings now call for a different process, or is none running? */
  private async isOther(): Promise<boolean> {
    return this.failure !== undefined || this.wish !== (await this.wished())[0];
  }

  /** The command and the key variables that the settings call for, as one string; the variables. */
  private async wished(): Promise<[string, Record<string, string>]> {
    const keys = await keyVariables(this.context.secrets, remoteUrls());
    return [JSON.stringify([commandOfSettings(), keys]), keys];
  }

  stop(): Promise<void> {
    return this.inTurn(() => this.end());
  }

  /** Runs another of the program's commands to its end, with this window's settings. */
  async run(milliseconds: number, ...words: string[]): Promise<Output> {
    const [program, ...args] = await serverCommand(this.log, () => this.setup.installed());
    const [, keys] = await this.wished();
    const options = { variables: { ...settingVariables(), ...keys } };
    const started = startChild([program, ...args, ...words], neutralFolder(this.context), options);
    const child = await started.catch(() => {
      throw new MissingServerError(program);
    });
    return outputWithin(milliseconds, child);
  }

  /** Runs a server command; if the server is not running, tells the user why again. */
  async execute(command: string, ...args: (object | string)[]): Promise<void> {
    await this.turn;
    if (!this.client) return this.failure?.show();
    await this.client.sendRequest(ExecuteCommandRequest.type, { command, arguments: args });
  }

  /** Sends a request to the server if it is running. */
  async request<T>(method: string, params: object): Promise<T | undefined> {
    await this.turn;
    return this.client?.sendRequest<T>(method, params);
  }

  /** Sends a notification to the server if it is running. */
  async notify(method: string, params: object): Promise<void> {
    await this.turn;
    await this.client?.sendNotification(method, params);
  }

  private inTurn(step: () => Promise<void>): Promise<void> {
    this.turn = this.turn.then(step).catch((error) => this.tellOfFailedStart(error));
    return this.turn;
  }

  private async start(): Promise<void> {
    this.status.fire({ state: 'starting', message: vscode.l10n.t('The server is starting.') });
    const [wish, variables] = await this.wished();
    this.wish = wish;
    this.failure = undefined;
    const command = await serverCommand(this.log, () => this.setup.server());
    this.log.info(`Starting ${[...command, 'serve'].join(' ')}`);
    const client = newClient(
      () => this.launch(command, variables),
      this.log,
      () => this.accepted.fire(),
      this.pages,
    );
    client.onRequest(CONFIGURE, configure);
    client.onNotification(STATUS, (status: Status) => this.status.fire(status));
    client.onNotification(SHOW_MENU, ({ menu }: { menu: string }) => {
      void vscode.commands.executeCommand(COMMAND_MODELS, menu);
    });
    client.onNotification(GHOST_TEXT_CHANGED, () => this.ghostText.fire());
    client.onNotification(EXPLANATION, (part: ExplanationPart) => this.explanation.fire(part));
    client.onRequest(REVIEW, (review: Review) =>
      this.onReview(review, client.protocol2CodeConverter.asUri(review.uri)),
    );
    client.onRequest(DIAGNOSTICS, ({ uri }: { uri: string }) => {
      const all = vscode.languages.getDiagnostics(client.protocol2CodeConverter.asUri(uri));
      return client.code2ProtocolConverter.asDiagnostics(all);
    });
    client.onRequest(DECLARATIONS, (params: DeclarationsParams, token) =>
      declarations(client, params, token),
    );
    client.onDidChangeState(({ newState }) => {
      if (newState !== State.Stopped || this.client !== client) return;
      this.client = undefined;
      this.recover();
    });
    await startedWithin(PATIENCE, client.start(), () => this.process);
    this.client = client;
  }

  /** Starts a server that died again, a bit later each time; at last only if the user wants that. */
  private recover(): void {
    const message = vscode.l10n.t("Herdmate's server stopped unexpectedly.");
    const wait = this.deaths.next(Date.now());
    if (wait === undefined) {
      const restart = () =>
        this.failure && vscode.commands.executeCommand('herdmate.restartServer');
      this.tell(message, vscode.l10n.t('Restart'), restart);
      return;
    }
    this.failed.fire(message);
    const news = vscode.l10n.t("Herdmate's server stopped unexpectedly and is started again.");
    this.status.fire({ state: 'starting', message: news });
    const again = async () => {
      if (!this.client) await this.start(); // else the user was quicker
    };
    this.again = setTimeout(() => void this.inTurn(again), wait);
    if (this.deaths.isFirst) void this.tellOnce(news);
  }

  private async tellOnce(news: string): Promise<void> {
    const showLog = vscode.l10n.t('Show Log');
    if (await vscode.window.showWarningMessage(news, showLog)) this.log.show();
  }

  private async launch(
    [program, ...args]: [string, ...string[]],
    variables: Record<string, string>,
  ): Promise<ChildProcessWithoutNullStreams> {
    const folder = neutralFolder(this.context);
    const started = startChild([program, ...args, 'serve'], folder, { variables });
    this.process = await started.catch((error) => {
      this.log.error(error);
      throw new MissingServerError(program);
    });
    return this.process;
  }

  private async end(): Promise<void> {
    clearTimeout(this.again);
    const [client, child] = [this.client, this.process];
    this.client = this.process = undefined;
    await client?.stop().catch((error) => this.log.error(error));
    if (child) setTimeout(() => endWhole(child, 'SIGKILL'), 2000).unref(); // if it is still running
  }

  private tellOfFailedStart(error: unknown): void {
    const missing = error instanceof MissingServerError ? error.program : undefined;
    if (missing === '') {
      this.invite();
    } else if (missing) {
      const message = vscode.l10n.t(
        "Herdmate's server was not found: {0} does not exist.",
        missing,
      );
      const page = vscode.Uri.joinPath(this.context.extensionUri, 'INSTALL.md');
      const show = () => vscode.commands.executeCommand('markdown.showPreview', page);
      this.tell(message, vscode.l10n.t('How to Install'), show);
    } else {
      this.log.error(String(error));
      const message =
        error instanceof NoAnswerError
          ? vscode.l10n.t("Herdmate's server did not answer within {0} seconds.", PATIENCE / 1000)
          : vscode.l10n.t("Herdmate's server could not be started.");
      this.tell(message, vscode.l10n.t('Show Log'), () => this.log.show());
    }
  }

  /** Nothing is wrong: nothing has been installed yet. */
  private invite(): void {
    const message = vscode.l10n.t(
      'Welcome to Herdmate. Set it up once, and it completes and explains your code on this machine.',
    );
    const [setUp, around] = [vscode.l10n.t('Set Up'), vscode.l10n.t('Get Started')];
    const show = async () => {
      const chosen = await vscode.window.showInformationMessage(message, setUp, around);
      if (chosen === around) await vscode.commands.executeCommand('herdmate.getStarted');
      if (chosen === setUp && this.failure) await this.setUp();
    };
    this.fail({ state: 'notSetUp', message, show });
  }

  private tell(message: string, button: string, action: () => unknown): void {
    const show = async () => {
      if (await vscode.window.showErrorMessage(message, button)) await action();
    };
    this.fail({ state: 'error', message, show });
  }

  private fail(failure: Failure): void {
    this.failure = failure;
    this.status.fire(failure);
    this.failed.fire(failure.message ?? '');
    void failure.show();
  }
}
