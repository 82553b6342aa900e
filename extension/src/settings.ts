import * as vscode from 'vscode';

/** What only a trusted workspace may set: programs, models, hosts, and how much memory they take. */
const RESTRICTED = ['server', 'model', 'remote', 'engine'];

interface Settings {
  [name: string]: unknown;
  server?: { command?: string[] };
}

/** The section `herdmate` of VS Code's settings, and whether the workspace is trusted. */
export function settings(): Settings {
  const { isTrusted } = vscode.workspace;
  const all = vscode.workspace.getConfiguration();
  const told: Settings = { ...all.get<Settings>('herdmate'), trustWorkspace: isTrusted };
  // VS Code keeps back what stands under its full name, but not what stands in a group.
  for (const name of isTrusted ? [] : RESTRICTED) {
    const { defaultValue, globalValue } = all.inspect<object | string>(`herdmate.${name}`) ?? {};
    const isGroup = typeof defaultValue === 'object' && typeof globalValue === 'object';
    told[name] = isGroup ? { ...defaultValue, ...globalValue } : (globalValue ?? defaultValue);
  }
  return told;
}

/** The command that the settings name; empty where they name none. */
export const commandOfSettings = (): string[] => settings().server?.command ?? [];

/** Changes a setting where it is set now, or else for the user, because a menu said so. */
export async function configure(asked: { name: string; value: unknown; workspace: boolean }) {
  const { name, value, workspace } = asked;
  const all = vscode.workspace.getConfiguration('herdmate');
  const { Workspace, Global } = vscode.ConfigurationTarget;
  const isThere = workspace || all.inspect(name)?.workspaceValue !== undefined;
  await all.update(name, value ?? undefined, isThere ? Workspace : Global);
}
