// A module of the extension, as it is bundled; `vscode` is the stand-in beside this file.

import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const extension = path.join(here, '../../extension');
const require = createRequire(path.join(extension, 'package.json'));

/** `define` replaces expressions, such as `process.platform`. */
export async function load(name, define = {}) {
  const { build } = await import(pathToFileURL(require.resolve('esbuild')));
  const { outputFiles } = await build({
    entryPoints: [path.join(extension, 'src', name)],
    bundle: true,
    platform: 'node',
    format: 'esm',
    alias: { vscode: path.join(here, 'vscode.mjs') },
    define,
    write: false,
    logLevel: 'error',
  });
  const code = Buffer.from(outputFiles[0].contents).toString('base64');
  return import(`data:text/javascript;base64,${code}`);
}
