import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdirSync, realpathSync } from 'node:fs';
import * as path from 'node:path';
import type { ExtensionContext } from 'vscode';

export const WINDOWS = process.platform === 'win32';

/**
 * The working directory of child processes: never the workspace, where Python, Windows and others
 * would look for modules and programs. It is the extension's storage or, if that cannot be created,
 * the folder that it is installed in.
 */
export function neutralFolder(context: ExtensionContext): string {
  const storage = context.globalStorageUri.fsPath;
  try {
    mkdirSync(storage, { recursive: true });
    return realpathSync(storage);
  } catch {
    return context.extensionPath;
  }
}

/**
 * Starts a program, given by its absolute path, without an API key unless `variables` contains one.
 * Rejects if it cannot be run. With `leads`, it can be ended together with everything it starts.
 */
export async function startChild(
  [program, ...args]: [string, ...string[]],
  cwd: string,
  { leads = false, variables = {} }: { leads?: boolean; variables?: Record<string, string> } = {},
): Promise<ChildProcessWithoutNullStreams> {
  const { HERDMATE_API_KEY: _, HERDMATE_API_KEY_ORIGIN: __, ...others } = process.env;
  const env = { ...others, PYTHONSAFEPATH: '1', ...variables };
  const detached = leads && !WINDOWS;
  const child = spawn(program, args, { cwd, env, detached, windowsHide: true });
  await new Promise((resolve, reject) => child.on('spawn', resolve).on('error', reject));
  return child;
}

/** A program was started but does not answer. */
export class NoAnswerError extends Error {}

/** Waits until a program has started; ends it if that takes too long, so a new one can start. */
export async function startedWithin(
  milliseconds: number,
  start: Promise<void>,
  program: () => ChildProcessWithoutNullStreams | undefined,
): Promise<void> {
  let clock: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    clock = setTimeout(() => reject(new NoAnswerError()), milliseconds);
  });
  try {
    await Promise.race([start, late]);
  } catch (error) {
    const child = program();
    if (child) endWhole(child, 'SIGKILL');
    for (const pipe of child ? [child.stdin, child.stdout, child.stderr] : []) pipe.destroy();
    throw error;
  } finally {
    clearTimeout(clock);
  }
}

/** Ends a program, together with everything it has started if it leads a process group. */
export function endWhole(
  child: ChildProcessWithoutNullStreams,
  signal: NodeJS.Signals = 'SIGTERM',
): void {
  const { pid, exitCode, signalCode } = child;
  if (!pid || exitCode !== null || signalCode !== null) return;
  const taskkill = path.join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32/taskkill.exe');
  if (WINDOWS) spawn(taskkill, ['/pid', `${pid}`, '/T', '/F']).on('error', () => {});
  else
    try {
      process.kill(-pid, signal);
    } catch {
      child.kill(signal); // it leads no group, or has just ended
    }
}
