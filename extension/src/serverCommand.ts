import { existsSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { commandOfSettings } from './settings';

export const WINDOWS = process.platform === 'win32';

/** What is started where nothing else was found. */
export const FROM_PATH = 'herdmate';

/** The command that starts Herdmate: the user's, the interpreter's, our own, or the PATH's. */
export async function serverCommand(
  log: vscode.LogOutputChannel,
  own: () => Promise<string | undefined>,
): Promise<[string, ...string[]]> {
  const [program, ...rest] = commandOfSettings();
  if (program) return [program, ...rest];
  const python = await interpreter().catch((error) => {
    log.warn(`The selected Python interpreter is not known: ${error}`);
    return undefined;
  });
  return [beside(python) ?? (await own()) ?? FROM_PATH];
}

function beside(python: string | undefined): string | undefined {
  if (!python) return undefined;
  const folder = path.dirname(python);
  const names = WINDOWS ? ['herdmate.exe', 'Scripts/herdmate.exe'] : ['herdmate'];
  return names.map((name) => path.join(folder, name)).find(existsSync);
}

/** The part of ms-python's API that is used here. */
interface PythonApi {
  readonly environments: {
    getActiveEnvironmentPath(): unknown;
    resolveEnvironment(it: unknown): Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
  };
}

/** The interpreter selected for this workspace, which may name any program: so only if trusted. */
export async function interpreter(): Promise<string | undefined> {
  if (!vscode.workspace.isTrusted) return undefined;
  const extension = vscode.extensions.getExtension<PythonApi>('ms-python.python');
  if (!extension) {
    return vscode.workspace.getConfiguration('python').get<string>('defaultInterpreterPath');
  }
  const { environments } = await extension.activate();
  const selected = await environments.resolveEnvironment(environments.getActiveEnvironmentPath());
  return selected?.executable.uri?.fsPath;
}
