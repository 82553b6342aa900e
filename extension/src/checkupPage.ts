/** One line of `herdmate doctor --json`. */
export interface Finding {
  readonly topic: string;
  readonly state: 'ok' | 'note' | 'trouble';
  readonly text: string;
  readonly mend: string;
}

/** A button: its words, and the command that it runs. */
export type Button = readonly [label: string, command: string];

const POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'";
const SIGNS = { ok: '✓', note: '–', trouble: '!' };

/** The findings in a doctor's output, or undefined if it is none. */
export function findingsIn(output: string): Finding[] | undefined {
  try {
    const told: unknown = JSON.parse(output);
    return Array.isArray(told) && told.length > 0 ? told.map(finding) : undefined;
  } catch {
    return undefined;
  }
}

function finding(told: unknown): Finding {
  const it: Record<string, unknown> = Object(told);
  const text = (name: string) => (typeof it[name] === 'string' ? it[name] : '');
  const state = it['state'] === 'ok' || it['state'] === 'note' ? it['state'] : 'trouble';
  return { topic: text('topic'), state, text: text('text'), mend: text('mend') };
}

/**
 * The page as HTML without scripts; its links run commands. `names` are the states' words for screen
 * readers, `style` the address of the style sheet and `source` where it may come from.
 */
export function checkupPage(
  title: string,
  findings: readonly Finding[],
  buttons: readonly Button[],
  names: Record<Finding['state'], string>,
  { style, source }: { style: string; source: string },
): string {
  const rows = findings.map(({ topic, state, text, mend }) => {
    const sign = `<td class="${state}" role="img" aria-label="${safe(names[state])}">${SIGNS[state]}</td>`;
    const command = mend && state !== 'ok' ? `<code>${safe(mend)}</code>` : '';
    return `<tr>${sign}<th scope="row">${safe(topic)}</th><td>${safe(text)}${command}</td></tr>`;
  });
  const links = buttons.map(
    ([label, command]) => `<a class="button" href="command:${command}">${safe(label)}</a>`,
  );
  return `<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}; style-src ${source}">
<link rel="stylesheet" href="${safe(style)}">
<title>${safe(title)}</title>
</head>
<body>
<h1>${safe(title)}</h1>
<p>${links.join('\n')}</p>
<table>${rows.join('\n')}</table>
</body>
</html>`;
}

function safe(text: string): string {
  const codes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (sign) => codes[sign] ?? '');
}
