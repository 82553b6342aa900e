import { accessSync, constants, lstatSync, realpathSync, statSync } from 'node:fs';
import * as path from 'node:path';

/** What looking for programs needs to know about the machine; tests pass their own. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  /** Is this a file that can be run? */
  readonly canRun: (file: string) => boolean;
  /** The path with all links resolved. */
  readonly real: (file: string) => string;
}

export const HERE: Machine = {
  platform: process.platform,
  env: process.env,
  canRun: (file) => {
    try {
      // Programs from the Windows store are links that only Windows itself follows.
      if (process.platform === 'win32') return !lstatSync(file).isDirectory();
      accessSync(file, constants.X_OK);
      return statSync(file).isFile();
    } catch {
      return false;
    }
  },
  real: (file) => {
    try {
      return realpathSync.native(file);
    } catch {
      return file;
    }
  },
};

const PYTHONS = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'];
const SYSTEM = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'];

/**
 * The absolute path of a program on the PATH. The `excluded` folders and entries that depend on the
 * working directory are skipped: a workspace must not be able to substitute its own program.
 */
export function onPath(name: string, excluded: string[], machine = HERE): string | undefined {
  return inFolders(foldersOfPath(machine), [name], excluded, machine)[0];
}

/**
 * The Pythons that can be the base of an environment shared by all workspaces: the system's, then
 * those on the PATH, and finally the selected one. None is in an `excluded` folder.
 */
export function pythons(
  selected: string | undefined,
  excluded: string[],
  machine = HERE,
): string[] {
  const root = machine.env['SystemRoot'] ?? 'C:\\Windows';
  const system = machine.platform === 'win32' ? [root] : SYSTEM;
  const names = machine.platform === 'win32' ? ['py', ...PYTHONS] : PYTHONS;
  const found = [
    ...inFolders(system, names, excluded, machine),
    ...inFolders(foldersOfPath(machine), names, excluded, machine),
  ];
  if (selected && isAbsolute(selected, machine) && !isInside(selected, excluded, machine))
    found.push(selected);
  return [...new Set(found)];
}

/** Is a file in one of these folders, as written or with links resolved? A root never counts. */
export function isInside(file: string, folders: string[], machine = HERE): boolean {
  const { relative, sep, isAbsolute, parse } = lib(machine);
  const within = (folder: string, place: string) => {
    const way = relative(folder, place);
    return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
  };
  const isRoot = (folder: string) => parse(folder).root === folder;
  return folders.some(
    (folder) =>
      !isRoot(folder) && (within(folder, file) || within(machine.real(folder), machine.real(file))),
  );
}

/** Is it the same file whatever the working directory and the current drive are? */
export function isAbsolute(file: string, machine = HERE): boolean {
  return machine.platform === 'win32'
    ? /^(?:[a-z]:[\\/]|[\\/]{2}[^\\/])/i.test(file)
    : file.startsWith('/');
}

function inFolders(folders: string[], names: string[], excluded: string[], machine: Machine) {
  const files = folders.flatMap((folder) =>
    names.flatMap((name) =>
      extensions(name, machine).map((extension) => lib(machine).join(folder, name + extension)),
    ),
  );
  return files.filter((file) => machine.canRun(file) && !isInside(file, excluded, machine));
}

function foldersOfPath(machine: Machine): string[] {
  // Windows calls it `Path`, and only the real `process.env` ignores case.
  const name = Object.keys(machine.env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  return (machine.env[name] ?? '')
    .split(lib(machine).delimiter)
    .map((folder) => (machine.platform === 'win32' ? folder.replaceAll('"', '') : folder))
    .filter((folder) => isAbsolute(folder, machine));
}

/** On Windows, the extensions in PATHEXT that mean programs: others would need a shell. */
function extensions(name: string, machine: Machine): string[] {
  if (machine.platform !== 'win32' || /\.(?:exe|com)$/i.test(name)) return [''];
  const told = (machine.env['PATHEXT'] ?? '.COM;.EXE').split(';').map((one) => one.toLowerCase());
  return ['.com', '.exe'].filter((one) => told.includes(one));
}

function lib(machine: Machine): path.PlatformPath {
  return machine.platform === 'win32' ? path.win32 : path.posix;
}
