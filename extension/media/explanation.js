// Shows what explain.ts renders. The text comes from a model that has read somebody's code, so only
// plain formatting is kept of it; the page's policy forbids the rest.
const FORMATTING = new Set(
  'P UL OL LI PRE CODE EM STRONG A BLOCKQUOTE H1 H2 H3 H4 H5 H6 HR BR S DEL SPAN'
    .concat(' TABLE THEAD TBODY TR TH TD')
    .split(' '),
);
const ACTIVE = 'meta, base, link, style, script, template, form, iframe, object, embed, svg, math';
const SHOWN_FOR_MS = 1500;
const [main, tools] = [document.querySelector('main'), document.querySelector('#tools')];
const [back, forward, stop, place, progress, news, error, question] = [
  ...['back', 'forward', 'stop', 'place', 'progress', 'news', 'error', 'question'],
].map((id) => document.getElementById(id));
const vscode = acquireVsCodeApi();
let labels = {};

addEventListener('message', ({ data }) => {
  labels = data.labels;
  if (data.html === undefined) {
    main.textContent = data.text;
  } else {
    main.replaceChildren(...formatted(data.html));
    if (data.done) for (const block of main.querySelectorAll('pre')) addButtons(block, data.can);
  }
  main.classList.toggle('plain', data.html === undefined);
  main.classList.toggle('streaming', !data.done);
  main.ariaBusy = data.done ? 'false' : 'true'; // read out once it is complete
  progress.textContent = data.progress;
  const [sentence] = data.progress.split('…'); // read out once, without the seconds
  if (news.textContent !== sentence) news.textContent = sentence;
  error.role = data.stopped ? 'status' : 'alert';
  if (error.textContent !== data.error) error.textContent = data.error;
  question.placeholder = question.ariaLabel = labels.ask ?? '';
  question.hidden = !data.can.ask;
  showTools(data);
});

function showTools({ done, place: text, isFirst, isLast }) {
  tools.ariaLabel = labels.tools;
  tools.hidden = done && isFirst && isLast;
  for (const [button, name] of [
    [back, 'back'],
    [forward, 'forward'],
  ]) {
    button.title = button.ariaLabel = labels[name];
    button.hidden = isFirst && isLast;
  }
  [back.disabled, forward.disabled] = [isFirst, isLast];
  place.textContent = isFirst && isLast ? '' : text;
  stop.textContent = labels.stop;
  stop.hidden = done;
}

/** The nodes of some HTML, with no elements or attributes but those for formatting and directions. */
function formatted(html) {
  const { body } = new DOMParser().parseFromString(html, 'text/html');
  for (const element of body.querySelectorAll(ACTIVE)) element.remove();
  for (const element of body.querySelectorAll('*')) {
    for (const { name, value } of [...element.attributes])
      if (!isHarmless(element, name, value)) element.removeAttribute(name);
    if (!FORMATTING.has(element.tagName)) element.replaceWith(...element.childNodes);
  }
  for (const block of body.children) block.dir = 'auto';
  for (const code of body.querySelectorAll('pre, code')) code.dir = 'ltr'; // and says nothing of others
  return [...body.childNodes];
}

function isHarmless({ tagName }, name, value) {
  if (name === 'class') return /^(?:hljs[\w-]*|language-[\w+#-]+|code-line|\s)*$/.test(value);
  if (name === 'href') return tagName === 'A' && /^https?:\/\//i.test(value);
  return name === 'start' && tagName === 'OL';
}

/** Copy, Insert at Cursor and Apply above a block of code. */
function addButtons(block, can) {
  const row = document.createElement('div');
  row.className = 'buttons';
  row.role = 'group';
  for (const name of ['copy', 'insert', 'apply'].filter((it) => it === 'copy' || can[it])) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = labels[name];
    button.addEventListener('click', () => {
      vscode.postMessage({ do: name, text: block.textContent.replace(/\n$/, '') });
      if (name === 'copy') showCopied(button);
    });
    row.append(button);
  }
  block.before(row);
}

function showCopied(button) {
  button.textContent = labels.copied;
  setTimeout(() => {
    button.textContent = labels.copy;
  }, SHOWN_FOR_MS);
}

for (const button of [back, forward, stop])
  button.addEventListener('click', () => vscode.postMessage({ do: button.id }));

/** In a narrow window VS Code cuts the page off at the right; the text keeps to what is left of it. */
const hundredths = Array.from({ length: 101 }, (_, at) => at / 100);
const ruler = new IntersectionObserver(
  (entries) => {
    const { boundingClientRect: all, intersectionRect: shown } = entries.at(-1);
    if (shown.width) document.body.style.marginRight = `${all.right - shown.right}px`;
  },
  { threshold: hundredths },
);
ruler.observe(document.querySelector('#ruler'));

question.addEventListener('keydown', ({ key, isComposing }) => {
  const said = question.value.trim();
  if (key !== 'Enter' || isComposing || !said) return;
  question.value = '';
  question.hidden = true;
  vscode.postMessage({ do: 'ask', text: said });
});

vscode.postMessage({});
