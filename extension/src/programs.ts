import { accessSync, constants, lstatSync, realpathSync, statSync } from 'node:fs';
import * as path from 'node:path';

/** A machine as far as programs are looked for on it; tests have others. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  /** Is this a file that can be run? */
  readonly canRun: (file: string) => boolean;
  /** The path without links. */
  readonly real: (file: string) => string;
}

export const HERE: Machine = {
  platform: process.platform,
  env: process.env,
  canRun: (file) => {
    try {
      // Programs of Windows' store are links that only Windows itself follows.
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
 * The absolute path of a program on the PATH. Folders of `excluded`, and entries that depend on the
 * working directory, are passed over: a workspace must not bring a program of the same name.
 */
export function onPath(name: string, excluded: string[], machine = HERE): string | undefined {
  return inFolders(foldersOfPath(machine), [name], excluded, machine)[0];
}

/**
 * The Pythons that may become the base of an environment that all workspaces share: those of the
 * system, then those on the PATH, and at last the selected one. None lies in a folder of `excluded`.
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

/** Does a file lie in one of these folders, by its path or when links are followed? All is in `/`. */
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
  // Windows has it as `Path`, and only its own `process.env` finds it under any case.
  const name = Object.keys(machine.env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  return (machine.env[name] ?? '')
    .split(lib(machine).delimiter)
    .map((folder) => (machine.platform === 'win32' ? folder.replaceAll('"', '') : folder))
    .filter((folder) => isAbsolute(folder, machine));
}

/** On Windows those of PATHEXT that are programs: others would need a shell. */
function extensions(name: string, machine: Machine): string[] {
  if (machine.platform !== 'win32' || /\.(?:exe|com)$/i.test(name)) return [''];
  const told = (machine.env['PATHEXT'] ?? '.COM;.EXE').split(';').map((one) => one.toLowerCase());
  return ['.com', '.exe'].filter((one) => told.includes(one));
}

function lib(machine: Machine): path.PlatformPath {
  return machine.platform === 'win32' ? path.win32 : path.posix;
}
