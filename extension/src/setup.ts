import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { createInterface } from 'node:readline';
import * as vscode from 'vscode';
import { endWhole, startChild, WINDOWS } from './children';
import { alone } from './lock';
import { pythons } from './programs';
import { workspaceFolders } from './serverCommand';
import { wheelIndex } from './settings';
import { ofInstaller } from './shortened';

const SUITABLE = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))';
const PIP = ['install', '--disable-pip-version-check', '--no-input', '--progress-bar=off', '-U'];
/** Runs what installs llama.cpp from inside Herdmate's wheel, which is not installed yet. */
const LLAMA = [
  'import sys; sys.path.insert(0, sys.argv.pop(1))',
  'from herdmate.llama_install.__main__ import main; sys.exit(main())',
].join('; ');

type Progress = vscode.Progress<{ message: string }>;
/** Gives back the program's last line of output. */
type Run = (step: string, program: string, ...args: string[]) => Promise<string>;
/** How llama.cpp gets here, as `herdmate.llama_install` calls it. */
type How = 'ready-made' | 'build' | 'as-before';

/** What can be done on this machine, as `herdmate.llama_install offer` says it. */
interface Offer {
  readonly needed: boolean;
  readonly question: string;
  readonly detail: string;
  readonly readyMade: boolean;
  readonly build: boolean;
}

/** Herdmate's own environment, into which the wheel that comes with the extension is installed. */
export class Setup implements vscode.Disposable {
  private readonly storage: string;
  private readonly folder: string;
  private readonly python: string;
  private readonly program: string;
  private readonly stamp: string; // holds the version that completed the environment
  private readonly version: string;
  private running: Promise<boolean> | undefined;
  private ends = new vscode.CancellationTokenSource(); // cancels what is running

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.storage = context.globalStorageUri.fsPath;
    this.folder = path.join(this.storage, 'venv');
    const bin = path.join(this.folder, WINDOWS ? 'Scripts' : 'bin');
    this.python = path.join(bin, WINDOWS ? 'python.exe' : 'python');
    this.program = path.join(bin, WINDOWS ? 'herdmate.exe' : 'herdmate');
    this.stamp = path.join(this.folder, 'herdmate-version');
    this.version = (context.extension.packageJSON as { version: string }).version;
  }

  /** The installed server, if there is one, after updating it to this version if possible. */
  async server(): Promise<string | undefined> {
    await this.running; // it may be installing just this
    if (this.isOlder()) await this.run(undefined, false);
    return this.installed();
  }

  /** The installed server as it is, if there is one. */
  async installed(): Promise<string | undefined> {
    return this.made() && existsSync(this.program) ? this.program : undefined;
  }

  /** Is another version installed, which the next start will update? */
  readonly isOlder = () => (this.made() ?? this.version) !== this.version;

  /**
   * Installs, updates or repairs, one at a time; reports errors without waiting for the user. It
   * `asks` how llama.cpp should be installed, or does it as it was done before.
   */
  run(preferred: string | undefined, asks: boolean): Promise<boolean> {
    this.running ??= this.attempt(preferred, asks);
    return this.running;
  }

  /** Ends what is running, which would get in the way of another window or the next start. */
  dispose(): void {
    this.ends.cancel();
  }

  /** The version that completed the environment, unless its Python has disappeared since. */
  private made(): string | undefined {
    const isThere = existsSync(this.stamp) && existsSync(this.python);
    return isThere ? readFileSync(this.stamp, 'utf8') : undefined;
  }

  private async attempt(preferred: string | undefined, asks: boolean): Promise<boolean> {
    const location = vscode.ProgressLocation.Notification;
    const options = { location, title: vscode.l10n.t('Setting up Herdmate'), cancellable: true };
    this.ends = new vscode.CancellationTokenSource();
    try {
      await vscode.window.withProgress(options, (progress, cancelled) => {
        cancelled.onCancellationRequested(() => this.dispose());
        return this.installAlone(preferred, asks, progress);
      });
      return true;
    } catch (error) {
      const isCancelled = this.ends.token.isCancellationRequested;
      if (!(isCancelled || error instanceof vscode.CancellationError)) void this.tell(error);
      return false;
    } finally {
      this.running = undefined;
    }
  }

  /** Installs it, unless another window does just that: then this one waits for it. */
  private async installAlone(
    preferred: string | undefined,
    asks: boolean,
    progress: Progress,
  ): Promise<void> {
    mkdirSync(this.storage, { recursive: true });
    let hasWaited = false;
    const waits = () => {
      hasWaited = true;
      progress.report({ message: vscode.l10n.t('another window is setting it up') });
    };
    const isCancelled = () => this.ends.token.isCancellationRequested;
    await alone(`${this.folder}.lock`, waits, isCancelled, async () => {
      if (hasWaited && this.made() === this.version) return;
      await this.install(preferred, asks, (...step) => this.logged(progress, ...step));
    });
  }

  private async tell(error: unknown): Promise<void> {
    const why = error instanceof Error ? error.message : String(error);
    const text = vscode.l10n.t('Herdmate could not be set up. {0}', why);
    const [retry, showLog] = [vscode.l10n.t('Retry'), vscode.l10n.t('Show Log')];
    const chosen = await vscode.window.showErrorMessage(text, retry, showLog);
    if (chosen === showLog) this.log.show();
    if (chosen === retry) await vscode.commands.executeCommand('herdmate.setUp');
  }

  private async install(preferred: string | undefined, asks: boolean, run: Run): Promise<void> {
    const carried = path.join(this.context.extensionPath, 'dist');
    const wheel = path.join(carried, readdirSync(carried).find((it) => it.endsWith('.whl')) ?? '');
    const made = this.made();
    const base = made ? this.python : await suitable(pythons(preferred, workspaceFolders()), run);
    const llama = ['-I', '-c', LLAMA, wheel];
    const index = ['--index', wheelIndex()];
    const ask = (step: string, what: string) => run(step, base, ...llama, what, ...index);
    const how = asks ? await this.choose(!made, ask) : 'as-before';
    try {
      if (!made) {
        const step = vscode.l10n.t('step 2 of 4, creating an environment');
        await run(step, base, '-I', '-m', 'venv', '--clear', this.folder);
      }
      const repairs = made === this.version ? ['--force-reinstall'] : [];
      const pip = ['-I', '-m', 'pip', ...PIP, ...repairs];
      const locked = (name: string) => path.join(this.context.extensionPath, 'locked', name);
      const third = vscode.l10n.t('step 3 of 4, installing what Herdmate needs');
      await run(third, this.python, ...pip, '--require-hashes', '-r', locked('server.txt'));
      const fourth = vscode.l10n.t('step 4 of 4, installing llama.cpp');
      const source = ['--how', how, ...index];
      const where = ['--work', path.join(this.storage, 'llama')];
      const pinned = ['--locked', locked('build.txt'), locked('llama.txt')];
      await run(fourth, this.python, ...llama, 'install', ...source, ...where, ...pinned);
      await run(fourth, this.python, ...pip, '--no-deps', wheel);
      writeFileSync(this.stamp, this.version);
    } catch (error) {
      // What was ended may be half done, so that the next attempt begins anew.
      if (error instanceof vscode.CancellationError) rmSync(this.stamp, { force: true });
      throw error;
    }
  }

  /** Asks how llama.cpp should be installed, before anything is fetched. */
  private async choose(
    isNew: boolean,
    ask: (step: string, what: string) => Promise<string>,
  ): Promise<How> {
    const step = vscode.l10n.t('step 1 of 4, looking at this machine');
    const told = await ask(step, 'offer');
    const { needed, question, detail, readyMade, build } = JSON.parse(told) as Offer;
    if (!needed && !isNew) return 'as-before';
    const [fetch, make] = [vscode.l10n.t('Fetch Ready-Made'), vscode.l10n.t('Build Here')];
    const buttons = [...(readyMade ? [fetch] : []), ...(build ? [make] : [])];
    const options = { modal: true, detail };
    const chosen = await vscode.window.showInformationMessage(question, options, ...buttons);
    if (!chosen || this.ends.token.isCancellationRequested) throw new vscode.CancellationError();
    if (chosen !== fetch) return 'build';
    await ask(vscode.l10n.t('step 1 of 4, looking for llama.cpp'), 'reach'); // not after minutes
    return 'ready-made';
  }

  /** Runs a program and shows, every second, the time elapsed and its last line of output. */
  private async logged(
    progress: Progress,
    ...[step, program, ...args]: Parameters<Run>
  ): Promise<string> {
    this.log.info(`Running ${[program, ...args].join(' ')}`);
    const { token } = this.ends;
    const child = await startChild([program, ...args], this.storage, { leads: true });
    const began = Date.now();
    let [last, wrong] = ['', ''];
    const show = () => {
      const seconds = Math.round((Date.now() - began) / 1000);
      progress.report({ message: `${step} (${seconds} s). ${ofInstaller(last)}` });
    };
    show();
    const timer = setInterval(show, 1000);
    const watch = token.onCancellationRequested(() => endWhole(child));
    for (const input of [child.stdout, child.stderr])
      createInterface({ input }).on('line', (line) => {
        this.log.info(line);
        if (/^error: /i.test(line))
          wrong = line.replace(/^error: /, '').trim(); // pip's is in capitals
        else if (input === child.stdout) last = line.trim();
      });
    return new Promise<string>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => {
        if (token.isCancellationRequested) reject(new vscode.CancellationError());
        else if (code === 0) resolve(last);
        else reject(new Error(wrong || `${path.basename(program)} (${code}): ${last}`));
      });
    }).finally(() => {
      watch.dispose();
      clearInterval(timer);
    });
  }
}

/** The first Python that can create an environment; run isolated from folders and PYTHONPATH. */
async function suitable(candidates: string[], run: Run): Promise<string> {
  for (const candidate of candidates) {
    try {
      await run(vscode.l10n.t('step 1 of 4, looking for Python'), candidate, '-I', '-c', SUITABLE);
      return candidate;
    } catch (error) {
      if (error instanceof vscode.CancellationError) throw error;
    }
  }
  throw new Error(vscode.l10n.t('Install Python 3.10 or later with its venv module, then retry.'));
}
