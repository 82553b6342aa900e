// Stands in for VS Code's API, as far as the modules under test use it: a test sets `globalThis.told`.

export const ConfigurationTarget = { Global: 1, Workspace: 2 };
export const extensions = { getExtension: () => globalThis.told.python };
export const workspace = {
  get isTrusted() {
    return globalThis.told.isTrusted;
  },
  get workspaceFolders() {
    return globalThis.told.folders?.map((fsPath) => ({ uri: { fsPath } }));
  },
  getConfiguration: (section = '') => ({
    get: (name) => globalThis.told.get?.([section, name].filter(Boolean).join('.')),
    inspect: (name) => globalThis.told.inspect?.([section, name].filter(Boolean).join('.')),
    update: (...change) => globalThis.told.changes.push(change),
  }),
};
