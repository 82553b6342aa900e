const WAITS = [500, 2000, 5000]; // milliseconds before the server is started once more
const FORGOTTEN_AFTER = 5 * 60_000;

/** How often the server has died of late, and how long to wait before it is started again. */
export class Deaths {
  private times: readonly number[] = [];

  /** Notes one; the milliseconds to wait, or undefined if it dies too often. */
  next(now: number): number | undefined {
    this.times = [...this.times.filter((time) => now - time < FORGOTTEN_AFTER), now];
    return WAITS[this.times.length - 1];
  }

  /** Is it the first one, of which the user is told? */
  get isFirst(): boolean {
    return this.times.length === 1;
  }

  /** The user has started it, which gives it all its chances again. */
  forget(): void {
    this.times = [];
  }
}
