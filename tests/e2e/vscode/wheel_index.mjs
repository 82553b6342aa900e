// An index of wheels on loopback, in which one is found as a person's browser would show it.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

const WHEELS = process.env.HERDMATE_E2E_WHEELS;

/** Serves the wheels; `asked` are the paths that were asked for. */
export async function serveWheels() {
  assert(WHEELS, 'HERDMATE_E2E_WHEELS is not set');
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
