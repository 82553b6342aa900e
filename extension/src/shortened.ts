const ROOM = 240; // characters that a notification shows in about four lines

const LINE = 58; // characters that a folded notification shows in the widest of the usual fonts

export function fitsInOneLine(message: string): boolean {
  return message.length <= LINE;
}

/** The first sentences of a message, as many as have room; else its first words. */
export function shortened(message: string): string {
  const text = message.trim().replace(/\s*\n\s*/g, ' ');
  if (text.length <= ROOM) return message.includes('\n') ? text : message;
  const start = text.slice(0, ROOM);
  const sentence = /^.*[.!?](?=\s)/s.exec(text.slice(0, ROOM + 1))?.[0];
  return sentence ?? `${start.replace(/\s+\S*$/, '')}…`;
}

/** What a line of an installer's output says: no files that asked for it, no names of wheels. */
export function ofInstaller(line: string): string {
  const plain = line
    .slice(0, 400)
    .replace(/ \(from .*$/, '')
    .replace(/([^\s/]+?)-(\d[\w.]*)-\S+/, '$1 $2');
  return plain.slice(0, 80);
}
