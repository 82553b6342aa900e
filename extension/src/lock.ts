import { mkdirSync, rmSync, statSync, utimesSync } from 'node:fs';

const BEAT = 2000; // milliseconds between two signs of life
const DEAD_AFTER = 15_000;
const LOOK_EVERY = 500;
const LOOKS = 6; // without a sign of life, as many as two beats take and more

/**
 * Does some work while no other window does work under the same lock, a folder that is made and
 * removed. `waits` is called once if another one is at it; `isCancelled` ends the wait.
 */
export async function alone<T>(
  lock: string,
  waits: () => void,
  isCancelled: () => boolean,
  work: () => Promise<T>,
): Promise<T> {
  const idle: Idle = { since: 0, looks: 0 };
  for (let told = false; !taken(lock, idle); ) {
    if (!told) waits();
    told = true;
    if (isCancelled()) throw new Error('cancelled');
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  }
  const own = made(lock);
  const beat = setInterval(() => touch(lock), BEAT);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    if (made(lock) === own) rmSync(lock, { recursive: true, force: true }); // else it is another's
  }
}

/** Since when another window has given no sign of life, and how often we have looked since. */
interface Idle {
  since: number;
  looks: number;
}

/**
 * Takes the lock unless another window that is alive has it. After this machine has slept, every
 * window looks dead until its next beat, so a lock is looked at several times before it is taken.
 */
function taken(lock: string, idle: Idle): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
  if (since === undefined) return false;
  idle.looks = since === idle.since ? idle.looks + 1 : 1;
  idle.since = since;
  if (Math.abs(Date.now() - since) > DEAD_AFTER && idle.looks >= LOOKS)
    rmSync(lock, { recursive: true, force: true }); // the next look takes it
  return false;
}

/** Tells a folder from another one that takes its place. */
function made(lock: string): string {
  const { ino, birthtimeMs } = statSync(lock, { throwIfNoEntry: false }) ?? {};
  return `${ino} ${birthtimeMs}`;
}

function touch(lock: string): void {
  try {
    utimesSync(lock, new Date(), new Date());
  } catch {
    // it was removed: whoever did so thinks that this window is dead
  }
}
