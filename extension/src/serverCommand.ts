import { existsSync } from 'node:fs';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { WINDOWS } from './children';
import { isAbsolute, onPath } from './programs';
import { commandOfSettings } from './settings';

/** The program does not exist; empty if none was named and none was found. */
export class MissingServerError extends Error {
  constructor(readonly program = '') {
    super(program);
  }
}

/** The command that starts Herdmate: the user's, the interpreter's, our own, or the PATH's. */
export async function serverCommand(
  log: vscode.LogOutputChannel,
  own: () => Promise<string | undefined>,
): Promise<[string, ...string[]]> {
  const [named, ...rest] = commandOfSettings();
  if (named) return [inFull(named), ...rest];
  const python = await interpreter().catch((error) => {
    log.warn(`The selected Python interpreter could not be determined: ${error}`);
    return undefined;
  });
  const program = beside(python) ?? (await own()) ?? onPath('herdmate', workspaceFolders());
  if (!program) throw new MissingServerError();
  return [program];
}

/** The folders whose programs are run only if the user names them. */
export function workspaceFolders(): string[] {
  return (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);
}

/** The absolute path of a command's program: from the PATH, or from a trusted workspace. */
function inFull(named: string): string {
  if (isAbsolute(named)) return named;
  const [folder] = vscode.workspace.isTrusted ? workspaceFolders() : [];
  const isName = !/[\\/]/.test(named);
  const found = isName ? onPath(named, workspaceFolders()) : folder && path.join(folder, named);
  if (!found) throw new MissingServerError(named);
  return found;
}

function beside(python: string | undefined): string | undefined {
  if (!python || !isAbsolute(python)) return undefined;
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

/** The interpreter selected for this workspace; only if trusted, as it can be any program. */
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
