import * as vscode from 'vscode';
import manifest from '../package.json';
import { chosenSettings, ownSettings, SWITCH } from './ownSettings';

interface Settings {
  [name: string]: unknown;
  server?: { command?: unknown };
  remote?: { url?: unknown };
}

const NAMES = Object.keys(manifest.contributes.configuration.properties);

/**
 * What was set here (by the user alone if the workspace is untrusted), and that trust. For all else
 * the server takes what the user set outside the editor, or the same defaults.
 */
export function settings(): Settings {
  const all = vscode.workspace.getConfiguration();
  const trustWorkspace = vscode.workspace.isTrusted;
  const inspect = (name: string) => all.inspect(name);
  const told = trustWorkspace
    ? chosenSettings(all.get<Settings>('herdmate') ?? {}, NAMES, inspect)
    : ownSettings(NAMES, inspect);
  return { ...told, trustWorkspace };
}

/** The command in the settings; empty if there is none. */
export function commandOfSettings(): string[] {
  const command = settings().server?.command;
  return Array.isArray(command) ? command.filter((word) => typeof word === 'string') : [];
}

/** The remote server in the settings in force, and the one in the user's own settings. */
export function remoteUrls(): { url: string; own: string } {
  const told = vscode.workspace.getConfiguration().inspect('herdmate.remote.url')?.globalValue;
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return { url: text(settings().remote?.url), own: text(told) };
}

/** Changes a setting at the user's request, where it is currently set or else for the user. */
export async function configure(asked: { name: string; value: unknown; workspace: boolean }) {
  const { name, value, workspace } = asked;
  const all = vscode.workspace.getConfiguration('herdmate');
  const { Workspace, Global } = vscode.ConfigurationTarget;
  const counts = vscode.workspace.isTrusted || `herdmate.${name}` === SWITCH;
  const isThere = workspace || (counts && all.inspect(name)?.workspaceValue !== undefined);
  await all.update(name, value ?? undefined, isThere ? Workspace : Global);
}
