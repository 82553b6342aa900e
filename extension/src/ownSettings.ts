/** The parts of what VS Code's `inspect` says about a setting that are used here. */
export interface Inspected {
  defaultValue?: unknown;
  globalValue?: unknown;
  workspaceValue?: unknown;
  workspaceFolderValue?: unknown;
}

/** The only setting that an untrusted workspace may change, and only to switch it off. */
export const SWITCH = 'herdmate.completion.enabled';

/**
 * A section of settings from the user's own settings alone, for an untrusted workspace. VS Code
 * before 1.132 lets the workspace's nested settings through (microsoft/vscode#330310), so each
 * setting is looked up by its full name and the groups are rebuilt from these.
 */
export function ownSettings(
  names: readonly string[],
  inspect: (name: string) => Inspected | undefined,
): Record<string, unknown> {
  const section: Record<string, unknown> = {};
  for (const name of names) {
    const [last = '', ...groups] = name.split('.').slice(1).reverse();
    let group = section;
    for (const part of groups.reverse()) {
      group[part] ??= {};
      group = group[part] as Record<string, unknown>;
    }
    group[last] = own(name, inspect(name) ?? {});
  }
  return section;
}

function own(name: string, told: Inspected): unknown {
  if (name === SWITCH && [told.workspaceValue, told.workspaceFolderValue].includes(false))
    return false;
  return told.globalValue ?? told.defaultValue;
}
