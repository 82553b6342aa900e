import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdirSync, realpathSync } from 'node:fs';
import * as path from 'node:path';
import type { ExtensionContext } from 'vscode';

export const WINDOWS = process.platform === 'win32';

/**
 * Where children work: never in the workspace, in which Python, Windows and others would look for
 * modules and programs. The extension's own storage, or where that cannot be made its own folder.
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
 * Starts a program, which is named by its absolute path, without an API key unless `variables` have
 * it. Rejects where it cannot be run. With `leads` it can be ended with all that it starts.
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

/** A program that was started says nothing. */
export class NoAnswerError extends Error {}

/** Waits until a program works; one that does not in time is ended, and the next start not held up. */
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

/** Ends a program, with all that it has started where it leads that. */
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
      child.kill(signal); // it leads nothing, or has ended meanwhile
    }
}
