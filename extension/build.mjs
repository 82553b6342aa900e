// Bundles the extension into dist/extension.js, and the licences of what is in it beside that.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

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
