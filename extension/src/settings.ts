import * as vscode from 'vscode';
import manifest from '../package.json';
import type { RemoteUrls } from './apiKey';
import { chosenSettings, ownSettings, SWITCH } from './ownSettings';

interface Settings {
  [name: string]: unknown;
  server?: { command?: unknown };
  remote?: { url?: unknown };
  completion?: { remoteUrl?: unknown };
}

/** What the server does not know. */
const OF_THE_EXTENSION = /^herdmate\.(?:server|setup|trace)\./;
const NAMES = manifest.contributes.configuration.flatMap(({ properties }) =>
  Object.keys(properties),
);

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

/** What was set here, as the environment variables that Herdmate's command line reads. */
export function settingVariables(): Record<string, string> {
  const told = settings();
  const variables: Record<string, string> = {};
  for (const name of NAMES.filter((it) => !OF_THE_EXTENSION.test(it))) {
    const words = name.split('.').slice(1);
    const value = words.reduce<unknown>((at, word) => Object(at)[word], told);
    const key = words.join('_').replace(/[A-Z]/g, '_$&').toUpperCase();
    if (['string', 'number', 'boolean'].includes(typeof value))
      variables[`HERDMATE_${key}`] = `${value}`;
  }
  return variables;
}

/** Where ready-made llama.cpp is fetched from; only the user's own settings can name another. */
export function wheelIndex(): string {
  const told = vscode.workspace.getConfiguration().inspect('herdmate.setup.wheelIndex');
  const [own, usual] = [told?.globalValue, told?.defaultValue];
  return typeof own === 'string' && own ? own : `${usual ?? ''}`;
}

/** The remote servers in the settings. */
export function remoteUrls(): RemoteUrls {
  const own = vscode.workspace.getConfiguration().inspect('herdmate.remote.url')?.globalValue;
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const { remote, completion } = settings();
  return { urls: [text(remote?.url), text(completion?.remoteUrl)], own: text(own) };
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
