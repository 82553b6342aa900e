// An index of wheels on loopback, in which one is found as a person's browser would show it.

import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { WHEELS } from './machine.mjs';

/** Serves the wheels; `asked` are the paths that were asked for. */
export async function serveWheels() {
  const asked = [];
  const server = http.createServer(({ url }, answer) => {
    asked.push(url);
    const file = path.join(WHEELS, path.normalize(url), url.endsWith('/') ? 'index.html' : '');
    if (!fs.existsSync(file)) return answer.writeHead(404).end();
    answer.writeHead(200, { 'content-length': fs.statSync(file).size });
    fs.createReadStream(file).pipe(answer);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return { asked, url: `http://127.0.0.1:${server.address().port}/whl`, server };
}
