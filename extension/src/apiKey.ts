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

/** Keeps the key of one origin; an empty one removes it. */
export async function storeKey(secrets: Secrets, origin: string, key: string): Promise<void> {
  await (key ? secrets.store(nameOf(origin), key) : secrets.delete(nameOf(origin)));
}

/**
 * What the server's environment gets for the address that is in force: a key, and the origin to which
 * alone the server sends it. Without a key for just this origin what the user's environment has.
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

/** A key of before they had origins was meant for the server that the user's own settings name. */
async function bindOldKey(secrets: Secrets, origin: string | undefined): Promise<void> {
  const old = origin && (await secrets.get(NAME));
  if (!old) return;
  if (!(await secrets.get(nameOf(origin)))) await secrets.store(nameOf(origin), old);
  await secrets.delete(NAME);
}
