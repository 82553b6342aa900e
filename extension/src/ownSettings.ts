/** The parts of what VS Code's `inspect` says about a setting that are used here. */
export interface Inspected {
  globalValue?: unknown;
  workspaceValue?: unknown;
  workspaceFolderValue?: unknown;
}

/** The only setting that an untrusted workspace may change, and only to switch it off. */
export const SWITCH = 'herdmate.completion.enabled';

type Section = Record<string, unknown>;
type Inspect = (name: string) => Inspected | undefined;

/**
 * A section of settings from the user's own settings alone, for an untrusted workspace. VS Code
 * before 1.132 lets the workspace's nested settings through (microsoft/vscode#330310), so each
 * setting is looked up by its full name and the groups are rebuilt from these.
 */
export function ownSettings(names: readonly string[], inspect: Inspect): Section {
  const section: Section = {};
  for (const name of names) {
    const value = own(name, inspect(name) ?? {});
    if (value === undefined) continue;
    const [last = '', ...groups] = name.split('.').slice(1).reverse();
    let group = section;
    for (const part of groups.reverse()) {
      group[part] ??= {};
      group = group[part] as Section;
    }
    group[last] = value;
  }
  return section;
}

/**
 * A section without the settings that nobody has set: their defaults would win over the user's
 * `config.toml`.
 */
export function chosenSettings(
  section: Section,
  names: readonly string[],
  inspect: Inspect,
): Section {
  const chosen = JSON.parse(JSON.stringify(section)) as Section; // VS Code's own cannot be changed
  for (const name of names) {
    if (isSet(inspect(name) ?? {})) continue;
    const [last = '', ...groups] = name.split('.').slice(1).reverse();
    const group = groups.reverse().reduce<unknown>((found, part) => at(found, part), chosen);
    if (isGroup(group)) delete group[last];
  }
  return chosen;
}

function own(name: string, told: Inspected): unknown {
  if (name === SWITCH && [told.workspaceValue, told.workspaceFolderValue].includes(false))
    return false;
  return told.globalValue;
}

function isSet(told: Inspected): boolean {
  const values = [told.globalValue, told.workspaceValue, told.workspaceFolderValue];
  return values.some((value) => value !== undefined);
}

const isGroup = (value: unknown): value is Section => typeof value === 'object' && value !== null;
const at = (group: unknown, part: string) => (isGroup(group) ? group[part] : undefined);
