type Level = 'error' | 'warn' | 'info';

const STAMPED = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ([A-Z]+) (.*)$/s;
const LEVELS: Record<string, Level> = { CRITICAL: 'error', ERROR: 'error', WARNING: 'warn' };

/** A line of the server's log without its time, as VS Code writes its own, and its level there. */
export function logLine(line: string): [Level, string] {
  const [, level = '', text = line] = STAMPED.exec(line) ?? [];
  return [LEVELS[level] ?? 'info', text];
}
