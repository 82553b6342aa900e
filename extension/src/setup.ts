import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { createInterface } from 'node:readline';
import * as vscode from 'vscode';

const WINDOWS = process.platform === 'win32';
const PYTHONS = ['python3', 'python', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'py'];
const SUITABLE = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))';
const PIP = ['install', '--disable-pip-version-check', '--no-input', '--progress-bar=off', '-U'];

type Run = (step: string, program: string, ...args: string[]) => Promise<void>;

/** The environment of its own into which Herdmate installs the wheel that the extension carries. */
export class Setup {
  private readonly storage: string;
  private readonly folder: string;
  private readonly bin: string;
  private readonly stamp: string; // names the version that made the environment whole
  private readonly version: string;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.storage = context.globalStorageUri.fsPath;
    this.folder = path.join(this.storage, 'venv');
    this.bin = path.join(this.folder, WINDOWS ? 'Scripts' : 'bin');
    this.stamp = path.join(this.folder, 'herdmate-version');
    this.version = (context.extension.packageJSON as { version: string }).version;
  }

  /** The installed server, if there is one; brought up to this version of the extension first. */
  async server(): Promise<string | undefined> {
    if (!existsSync(this.stamp)) return undefined;
    if (readFileSync(this.stamp, 'utf8') !== this.version) await this.run(undefined);
    return path.join(this.bin, WINDOWS ? 'herdmate.exe' : 'herdmate');
  }

  /** Installs or updates, until that is done or the user gives up. */
  async run(preferred: string | undefined): Promise<boolean> {
    const location = vscode.ProgressLocation.Notification;
    const options = { location, title: vscode.l10n.t('Setting up Herdmate'), cancellable: true };
    for (;;) {
      try {
        await vscode.window.withProgress(options, (told, cancelled) =>
          this.install(preferred, (step, program, ...args) =>
            reported(step, told, (tell) => this.logged(tell, cancelled, program, args)),
          ),
        );
        return true;
      } catch (error) {
        if (error instanceof vscode.CancellationError) return false;
        const why = error instanceof Error ? error.message : String(error);
        const text = vscode.l10n.t('Herdmate could not be set up. {0}', why);
        const [retry, showLog] = [vscode.l10n.t('Retry'), vscode.l10n.t('Show Log')];
        const chosen = await vscode.window.showErrorMessage(text, retry, showLog);
        if (chosen === showLog) this.log.show();
        if (chosen !== retry) return false;
      }
    }
  }

  private async install(preferred: string | undefined, run: Run): Promise<void> {
    const carried = path.join(this.context.extensionPath, 'dist');
    const wheel = readdirSync(carried).find((name) => name.endsWith('.whl')) ?? '';
    mkdirSync(this.storage, { recursive: true });
    const python = path.join(this.bin, WINDOWS ? 'python.exe' : 'python');
    if (!existsSync(this.stamp)) {
      const found = await suitable(preferred ? [preferred, ...PYTHONS] : PYTHONS, run);
      const step = vscode.l10n.t('step 2 of 3, an environment');
      await run(step, found, '-I', '-m', 'venv', '--clear', this.folder);
    }
    const step = vscode.l10n.t('step 3 of 3, installing; building llama.cpp can take minutes');
    await run(step, python, '-I', '-m', 'pip', ...PIP, path.join(carried, wheel));
    writeFileSync(this.stamp, this.version);
  }

  private logged(
    tell: (line: string) => void,
    cancelled: vscode.CancellationToken,
    program: string,
    args: string[],
  ): Promise<void> {
    this.log.info(`Running ${[program, ...args].join(' ')}`);
    const name = path.basename(program);
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, { cwd: this.storage, detached: !WINDOWS });
      const watch = cancelled.onCancellationRequested(() => endWhole(child));
      const hear = (line: string) => {
        this.log.info(line);
        tell(line.trim());
      };
      for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', hear);
      child.on('error', reject);
      child.on('close', (code) => {
        watch.dispose();
        if (cancelled.isCancellationRequested) reject(new vscode.CancellationError());
        else if (code === 0) resolve();
        else
          reject(new Error(vscode.l10n.t('{0} failed ({1}); the log tells why.', name, `${code}`)));
      });
    });
  }
}

/** The first Python that can make an environment. It looks at nothing in folders or PYTHONPATH. */
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

/** Shows every second how long a step has taken and what was last said in it. */
async function reported(
  step: string,
  told: vscode.Progress<{ message: string }>,
  work: (tell: (line: string) => void) => Promise<void>,
): Promise<void> {
  const began = Date.now();
  let last = '';
  const show = () => {
    const seconds = Math.round((Date.now() - began) / 1000);
    told.report({ message: `${step} (${seconds} s). ${last.slice(0, 80)}` });
  };
  show();
  const timer = setInterval(show, 1000);
  await work((line) => {
    last = line;
  }).finally(() => clearInterval(timer));
}

/** Ends a program with the compilers that it has started. */
function endWhole({ pid }: ChildProcess): void {
  if (!pid) return;
  if (WINDOWS) spawn('taskkill', ['/pid', String(pid), '/T', '/F']);
  else process.kill(-pid, 'SIGTERM');
}
