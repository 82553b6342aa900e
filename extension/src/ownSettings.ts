/** What VS Code's `inspect` tells of a setting, as far as it is looked at here. */
export interface Inspected {
  defaultValue?: unknown;
  globalValue?: unknown;
  workspaceValue?: unknown;
  workspaceFolderValue?: unknown;
}

/** A workspace that is not trusted may switch this one off, and decides nothing else. */
export const SWITCH = 'herdmate.completion.enabled';

/**
 * A section of settings as the user's own settings alone have it, for a workspace that is not
 * trusted. VS Code before 1.132 lets through what stands there in a group (microsoft/vscode#330310),
 * so each setting is looked at by its full name, and groups are made of these.
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
