import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdirSync, realpathSync } from 'node:fs';
import * as path from 'node:path';
import type { ExtensionContext } from 'vscode';
import { KEY_VARIABLES, originIn } from './apiKey';

const LONGEST_OUTPUT = 4_000_000; // characters
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
  const env: NodeJS.ProcessEnv = { ...process.env, PYTHONSAFEPATH: '1' };
  for (const name of KEY_VARIABLES) for (const key of [name, originIn(name)]) delete env[key];
  Object.assign(env, variables);
  const detached = leads && !WINDOWS;
  const child = spawn(program, args, { cwd, env, detached, windowsHide: true });
  await new Promise((resolve, reject) => child.on('spawn', resolve).on('error', reject));
  return child;
}

/** What a program said; without a code if it was ended. */
export interface Output {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a program says until it ends; ends it if that takes too long. At most 4 MB are kept. */
export async function outputWithin(
  milliseconds: number,
  child: ChildProcessWithoutNullStreams,
): Promise<Output> {
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      if (said[name].length < LONGEST_OUTPUT) said[name] += text;
    });
  child.stdin.on('error', () => {}).end();
  const clock = setTimeout(() => endWhole(child, 'SIGKILL'), milliseconds);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearTimeout(clock);
  return { code: code ?? undefined, ...said };
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
