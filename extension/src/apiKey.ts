import type { SecretStorage } from 'vscode';

const NAME = 'HERDMATE_API_KEY';

type Secrets = Pick<SecretStorage, 'get' | 'store' | 'delete'>;

/** Scheme, host and port of an address: what a key belongs to. */
export function originOf(url: string): string | undefined {
  try {
    const { protocol, origin } = new URL(url.trim());
    return protocol === 'https:' || protocol === 'http:' ? origin : undefined;
  } catch {
    return undefined;
  }
}

/** Stores the key for one origin; an empty key removes it. */
export async function storeKey(secrets: Secrets, origin: string, key: string): Promise<void> {
  await (key ? secrets.store(nameOf(origin), key) : secrets.delete(nameOf(origin)));
}

/**
 * The environment variables for the server, given the address in the settings: a key, and the only
 * origin to which the server may send it. If no key is stored for that origin, the user's own.
 */
export async function keyVariables(
  secrets: Secrets,
  { url, own }: { url: string; own: string },
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Record<string, string>> {
  await bindOldKey(secrets, originOf(own));
  const origin = originOf(url);
  const key = origin && (await secrets.get(nameOf(origin)));
  if (key) return { [NAME]: key, [`${NAME}_ORIGIN`]: origin };
  const names = [NAME, `${NAME}_ORIGIN`].filter((name) => environment[name]);
  return Object.fromEntries(names.map((name) => [name, environment[name] ?? '']));
}

const nameOf = (origin: string) => `${NAME}@${origin}`;

/** A key stored before keys had origins was meant for the server in the user's own settings. */
async function bindOldKey(secrets: Secrets, origin: string | undefined): Promise<void> {
  const old = origin && (await secrets.get(NAME));
  if (!old) return;
  if (!(await secrets.get(nameOf(origin)))) await secrets.store(nameOf(origin), old);
  await secrets.delete(NAME);
}
