// Shows what explain.ts renders. The text comes from a model that has read somebody's code, so
// anything that could load, send or lead elsewhere is removed; the page's policy forbids the rest.
const ACTIVE = 'meta, base, link, style, script, form, iframe, object, embed, img, video, audio';
const main = document.querySelector('main');
const error = document.querySelector('#error');
const question = document.querySelector('#question');
const vscode = acquireVsCodeApi();

addEventListener('message', ({ data }) => {
  if (data.html === undefined) {
    main.textContent = data.text;
  } else {
    const parsed = new DOMParser().parseFromString(data.html, 'text/html');
    for (const element of parsed.querySelectorAll(ACTIVE)) element.remove();
    main.replaceChildren(...parsed.body.childNodes);
  }
  main.classList.toggle('plain', data.html === undefined);
  main.classList.toggle('streaming', !data.done);
  error.textContent = data.error ?? '';
  error.role = data.stopped ? 'status' : 'alert';
  question.placeholder = question.ariaLabel = data.asks;
  question.hidden = !data.asks;
});

question.addEventListener('keydown', ({ key, isComposing }) => {
  const said = question.value.trim();
  if (key !== 'Enter' || isComposing || !said) return;
  question.value = '';
  question.hidden = true;
  vscode.postMessage({ question: said });
});

vscode.postMessage({});
