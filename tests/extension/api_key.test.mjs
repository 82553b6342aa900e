// A key belongs to one origin.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './bundle.mjs';

const { keyVariables, originOf, originsOf, storeKey } = await load('apiKey.ts');

const HOME = 'https://home.example:8000/v1';
const OTHER = 'http://127.0.0.1:8012';
const KEY = { HERDMATE_API_KEY: 'k', HERDMATE_API_KEY_ORIGIN: 'https://home.example:8000' };

function secrets(kept = {}) {
  const all = new Map(Object.entries(kept));
  return {
    all,
    get: async (name) => all.get(name),
    store: async (name, value) => void all.set(name, value),
    delete: async (name) => void all.delete(name),
  };
}

test('the origin of an address', () => {
  assert.equal(originOf(HOME), 'https://home.example:8000');
  assert.equal(originOf(' HTTPS://Home.Example:443/v1 '), 'https://home.example');
  assert.equal(originOf('http://[::1]:1234'), 'http://[::1]:1234');
  for (const url of ['', 'home.example', 'file:///etc/passwd', 'javascript:1', 'https://'])
    assert.equal(originOf(url), undefined, url);
});

test('a key is given for its origin and for no other', async () => {
  const kept = secrets();
  await storeKey(kept, originOf(HOME), 'k');
  const given = (url) => keyVariables(kept, { urls: [url, ''], own: url }, {});
  assert.deepEqual(await given(HOME), KEY);
  assert.deepEqual(await given('https://home.example:8000/other'), KEY);
  for (const url of ['http://home.example:8000', 'https://home.example', 'https://evil.example', ''])
    assert.deepEqual(await given(url), {}, url);
  await storeKey(kept, originOf(HOME), '');
  assert.equal(kept.all.size, 0);
  assert.deepEqual(await given(HOME), {});
});

test('a key of an older version belongs to the server of the own settings', async () => {
  const kept = secrets({ HERDMATE_API_KEY: 'k' });
  const evil = 'https://evil.example';
  assert.deepEqual(await keyVariables(kept, { urls: [evil, evil], own: '' }, {}), {});
  assert.deepEqual(await keyVariables(kept, { urls: [evil, evil], own: HOME }, {}), {});
  assert.deepEqual([...kept.all], [['HERDMATE_API_KEY@https://home.example:8000', 'k']]);
  assert.deepEqual(await keyVariables(kept, { urls: [HOME, ''], own: HOME }, {}), KEY);
});

test('a key in the environment is handed on where none is kept', async () => {
  const url = 'https://a.example';
  const env = { HERDMATE_API_KEY: 'e', PATH: '/bin' };
  assert.deepEqual(await keyVariables(secrets(), { urls: [url, url], own: url }, env), { HERDMATE_API_KEY: 'e' });
  const kept = secrets({ 'HERDMATE_API_KEY@https://home.example:8000': 'k' });
  assert.deepEqual(await keyVariables(kept, { urls: [HOME, ''], own: HOME }, env), KEY);
});

test('each of two servers has its own key', async () => {
  const kept = secrets();
  const env = { HERDMATE_API_KEY: 'e', HERDMATE_COMPLETION_API_KEY: 'c' };
  const given = (...urls) => keyVariables(kept, { urls, own: urls[0] }, env);
  assert.deepEqual(await given(HOME, OTHER), env);
  await storeKey(kept, originOf(OTHER), 'g');
  const ghost = { HERDMATE_COMPLETION_API_KEY: 'g', HERDMATE_COMPLETION_API_KEY_ORIGIN: OTHER };
  assert.deepEqual(await given(HOME, OTHER), { HERDMATE_API_KEY: 'e', ...ghost });
  await storeKey(kept, originOf(HOME), 'k');
  assert.deepEqual(await given(HOME, OTHER), { ...KEY, ...ghost });
  assert.deepEqual(await given(HOME, 'http://127.0.0.1:8013'), {
    ...KEY,
    HERDMATE_COMPLETION_API_KEY: 'c',
  });
  const ends = ['HERDMATE_API_KEY', 'HERDMATE_COMPLETION_API_KEY'];
  const turned = await given(OTHER, HOME);
  assert.deepEqual(ends.map((name) => turned[name]), ['g', 'k']);
  assert.deepEqual(ends.map((name) => turned[`${name}_ORIGIN`]), [OTHER, originOf(HOME)]);
});

test('a key is asked for by server, each once', () => {
  const found = (...urls) => originsOf({ urls, own: '' });
  assert.deepEqual(found('', ''), []);
  assert.deepEqual(found('no address', OTHER), [OTHER]);
  assert.deepEqual(found(HOME, `${originOf(HOME)}/other`), [originOf(HOME)]);
  assert.deepEqual(found(HOME, OTHER), [originOf(HOME), OTHER]);
});
