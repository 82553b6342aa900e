import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { createInterface } from 'node:readline';
import * as vscode from 'vscode';
import { endWhole, startChild, WINDOWS } from './children';
import { pythons } from './programs';
import { workspaceFolders } from './serverCommand';

const SUITABLE = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))';
const PIP = ['install', '--disable-pip-version-check', '--no-input', '--progress-bar=off', '-U'];

type Progress = vscode.Progress<{ message: string }>;
type Run = (step: string, program: string, ...args: string[]) => Promise<void>;

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
    if (this.isOlder()) await this.run(undefined);
    return this.made() && existsSync(this.program) ? this.program : undefined;
  }

  /** Is another version installed, which the next start will update? */
  readonly isOlder = () => (this.made() ?? this.version) !== this.version;

  /** Installs, updates or repairs, one at a time; reports errors without waiting for the user. */
  run(preferred: string | undefined): Promise<boolean> {
    this.running ??= this.attempt(preferred);
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

  private async attempt(preferred: string | undefined): Promise<boolean> {
    const location = vscode.ProgressLocation.Notification;
    const options = { location, title: vscode.l10n.t('Setting up Herdmate'), cancellable: true };
    this.ends = new vscode.CancellationTokenSource();
    try {
      await vscode.window.withProgress(options, (progress, cancelled) => {
        cancelled.onCancellationRequested(() => this.dispose());
        return this.install(preferred, (...step) => this.logged(progress, ...step));
      });
      return true;
    } catch (error) {
      if (!(error instanceof vscode.CancellationError)) void this.tell(error);
      return false;
    } finally {
      this.running = undefined;
    }
  }

  private async tell(error: unknown): Promise<void> {
    const why = error instanceof Error ? error.message : String(error);
    const text = vscode.l10n.t('Herdmate could not be set up. {0}', why);
    const [retry, showLog] = [vscode.l10n.t('Retry'), vscode.l10n.t('Show Log')];
    const chosen = await vscode.window.showErrorMessage(text, retry, showLog);
    if (chosen === showLog) this.log.show();
    if (chosen === retry) await vscode.commands.executeCommand('herdmate.setUp');
  }

  private async install(preferred: string | undefined, run: Run): Promise<void> {
    const carried = path.join(this.context.extensionPath, 'dist');
    const wheel = readdirSync(carried).find((name) => name.endsWith('.whl')) ?? '';
    mkdirSync(this.storage, { recursive: true });
    const made = this.made();
    if (!made) {
      const found = await suitable(pythons(preferred, workspaceFolders()), run);
      const step = vscode.l10n.t('step 2 of 3, creating an environment');
      await run(step, found, '-I', '-m', 'venv', '--clear', this.folder);
    }
    const step = vscode.l10n.t('step 3 of 3, installing; building llama.cpp can take minutes');
    const repairs = made === this.version ? ['--force-reinstall'] : [];
    const pip = ['-I', '-m', 'pip', ...PIP, ...repairs];
    const locked = (name: string) => [
      ...['--require-hashes', '--no-build-isolation'],
      ...['-r', path.join(this.context.extensionPath, 'locked', name)],
    ];
    await run(step, this.python, ...pip, ...locked('build.txt'));
    await run(step, this.python, ...pip, ...locked('server.txt'));
    await run(step, this.python, ...pip, '--no-deps', path.join(carried, wheel));
    writeFileSync(this.stamp, this.version);
  }

  /** Runs a program and shows, every second, the time elapsed and its last line of output. */
  private async logged(progress: Progress, step: string, program: string, ...args: string[]) {
    this.log.info(`Running ${[program, ...args].join(' ')}`);
    const { token } = this.ends;
    const child = await startChild([program, ...args], this.storage, { leads: true });
    const began = Date.now();
    let [last, wrong] = ['', ''];
    const show = () => {
      const seconds = Math.round((Date.now() - began) / 1000);
      progress.report({ message: `${step} (${seconds} s). ${last.slice(0, 80)}` });
    };
    show();
    const timer = setInterval(show, 1000);
    const watch = token.onCancellationRequested(() => endWhole(child));
    for (const input of [child.stdout, child.stderr])
      createInterface({ input }).on('line', (line) => {
        this.log.info(line);
        last = line.trim();
        if (/^error: /i.test(last)) wrong = last;
      });
    return new Promise<void>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => {
        if (token.isCancellationRequested) reject(new vscode.CancellationError());
        else if (code === 0) resolve();
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
      await run(vscode.l10n.t('step 1 of 3, looking for Python'), candidate, '-I', '-c', SUITABLE);
      return candidate;
    } catch (error) {
      if (error instanceof vscode.CancellationError) throw error;
    }
  }
  throw new Error(vscode.l10n.t('Install Python 3.10 or later with its venv module, then retry.'));
}
