// Bundles the extension into dist/extension.js and adds the licences of what it contains and the
// server's wheel, which Set Up installs. PYTHON builds the wheel.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');

const { metafile } = await build({
  entryPoints: ['src/extension.ts'],
  outfile: 'dist/extension.js',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['vscode'],
  minify: true,
  metafile: true,
});

const PACKAGE = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/;
const packages = new Set(
  Object.keys(metafile.inputs).flatMap((input) => PACKAGE.exec(input) ?? []),
);
const licences = [...packages].sort().map((folder) => {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  if (!file) throw new Error(`${folder} has no licence file`);
  return `${folder}\n\n${readFileSync(join(folder, file), 'utf8')}`;
});
writeFileSync('dist/licences.txt', licences.join('\n\n----\n\n'));

const pip = ['-m', 'pip', 'wheel', '--quiet', '--disable-pip-version-check', '--no-deps'];
const wheel = spawnSync(process.env.PYTHON ?? 'python3', [...pip, '--wheel-dir', 'dist', '..'], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
if (wheel.status !== 0) throw new Error('the wheel was not built');
