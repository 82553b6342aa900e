// A remote server whose answers a scenario has written: what is tested then is not the model.

import http from 'node:http';
import { configure, page } from './window.mjs';

const MODELS = { data: [{ id: 'qwen2.5-coder-scripted', max_model_len: 4096 }] };

/** Has the window use such a server until it is closed. */
export async function useScripted(answer) {
  const model = await startScripted(answer);
  const ready = '[aria-label^="Herdmate: ready"]';
  const its = `[aria-label*="${MODELS.data[0].id}"]`;
  const until = (state) => page.locator(state).first().waitFor();
  await configure('remote.url', model.url);
  await until(`${ready}${its}`);
  return {
    close: async () => {
      await configure('remote.url', '');
      model.close();
      await until(`${ready}:not(${its})`);
    },
  };
}

/** Starts it; `answer` gives, for the prompt of a conversation, the answer in pieces. */
async function startScripted(answer) {
  const server = http.createServer(async (request, response) => {
    if (request.url === '/v1/models') return response.end(JSON.stringify(MODELS));
    if (request.url !== '/v1/completions') return response.writeHead(404).end('{}');
    const { prompt, max_tokens: most } = JSON.parse(await whole(request));
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.flushHeaders(); // else it seems to load its model
    const isAsked = prompt.includes('<|im_start|>') && most > 1; // else it is to read ahead
    for await (const text of isAsked ? answer(prompt) : []) {
      if (response.destroyed) return;
      response.write(event({ choices: [{ text, finish_reason: null }] }));
    }
    response.end(event({ choices: [{ text: '', finish_reason: 'stop' }] }));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, close };
}

/** The words of a text, one after the other. */
export function inWords(text) {
  return text.match(/\s*\S+\s*/g);
}

async function whole(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

function event(message) {
  return `data: ${JSON.stringify(message)}\n\n`;
}
