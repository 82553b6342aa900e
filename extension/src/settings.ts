import * as vscode from 'vscode';

interface Settings {
  [name: string]: unknown;
  server?: { command?: string[] };
}

/** The section `herdmate` of VS Code's settings, and whether the workspace is trusted. */
export function settings(): Settings {
  const told = vscode.workspace.getConfiguration().get<Settings>('herdmate');
  return { ...told, trustWorkspace: vscode.workspace.isTrusted };
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
