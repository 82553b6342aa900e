import type { SecretStorage } from 'vscode';

const NAME = 'HERDMATE_API_KEY';

/** The variables that hold the keys, of the server that answers and that of ghost text alone. */
export const KEY_VARIABLES = [NAME, 'HERDMATE_COMPLETION_API_KEY'] as const;

type Secrets = Pick<SecretStorage, 'get' | 'store' | 'delete'>;

/**
 * The remote servers in the settings in force, in the order of `KEY_VARIABLES`, and the one that
 * answers in the user's own settings. Empty where there is none.
 */
export interface RemoteUrls {
  urls: readonly [string, string];
  own: string;
}

/** Scheme, host and port of an address: what a key belongs to. */
export function originOf(url: string): string | undefined {
  try {
    const { protocol, origin } = new URL(url.trim());
    return protocol === 'https:' || protocol === 'http:' ? origin : undefined;
  } catch {
    return undefined;
  }
}

/** The different servers to which a key can belong. */
export function originsOf({ urls }: RemoteUrls): string[] {
  return [...new Set(urls.map(originOf).filter((origin) => origin !== undefined))];
}

/** Stores the key for one origin; an empty key removes it. */
export async function storeKey(secrets: Secrets, origin: string, key: string): Promise<void> {
  await (key ? secrets.store(nameOf(origin), key) : secrets.delete(nameOf(origin)));
}

/**
 * The environment variables for the server, given the addresses in the settings: for each a key,
 * and the only origin to which the server may send it. If none is stored for it, the user's own.
 */
export async function keyVariables(
  secrets: Secrets,
  { urls, own }: RemoteUrls,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Record<string, string>> {
  await bindOldKey(secrets, originOf(own));
  const found: Record<string, string> = {};
  for (const [at, variable] of KEY_VARIABLES.entries()) {
    const origin = originOf(urls[at] ?? '');
    const key = origin && (await secrets.get(nameOf(origin)));
    const given = key ? [key, origin] : [environment[variable], environment[originIn(variable)]];
    if (given[0]) found[variable] = given[0];
    if (given[1]) found[originIn(variable)] = given[1];
  }
  return found;
}

/** The variable that names the origin of the key in another. */
export const originIn = (variable: string) => `${variable}_ORIGIN`;

const nameOf = (origin: string) => `${NAME}@${origin}`;

/** A key stored before keys had origins was meant for the server in the user's own settings. */
async function bindOldKey(secrets: Secrets, origin: string | undefined): Promise<void> {
  const old = origin && (await secrets.get(NAME));
  if (!old) return;
  if (!(await secrets.get(nameOf(origin)))) await secrets.store(nameOf(origin), old);
  await secrets.delete(NAME);
}
