const FENCE = /^[\s>]*(`{3,}|~{3,})/;
const CODE_OR_TAG = /(`+)(?!`).*?[^`]\1(?!`)|</g;
const LONGEST = 2000; // characters of a line in which code is looked for

/** Markdown whose lines may break between words: VS Code makes the spaces of a text unbreakable. */
export function withSpaces(markdown: string): string {
  return markdown.replace(/(?:&nbsp;)+/g, ' ');
}

/** Markdown in which nothing is HTML: tags outside code become plain text. */
export function withoutHtml(markdown: string): string {
  let fence = '';
  const plain = (line: string) => {
    const found = FENCE.exec(line)?.[1] ?? '';
    if (fence) {
      if (found.startsWith(fence)) fence = '';
      return line;
    }
    fence = found;
    if (found) return line;
    const tags = line.length > LONGEST ? /</g : CODE_OR_TAG;
    return line.replace(tags, (it) => (it === '<' ? '&lt;' : it));
  };
  return markdown.split('\n').map(plain).join('\n');
}
