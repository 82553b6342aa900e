// Stands in for VS Code's API, as far as the modules under test use it: a test sets `globalThis.told`.

export const ConfigurationTarget = { Global: 1, Workspace: 2 };
export const extensions = { getExtension: () => globalThis.told.python };
export const EndOfLine = { LF: 1, CRLF: 2 };
export const l10n = { t: (text) => text };
export const window = {
  setStatusBarMessage: (text) => globalThis.told.messages?.push(text),
  showErrorMessage: (...shown) => globalThis.told.show('error', ...shown),
  showWarningMessage: (...shown) => globalThis.told.show('warning', ...shown),
  showInformationMessage: (...shown) => globalThis.told.show('information', ...shown),
};

export class EventEmitter {
  event = () => {};
  fire() {}
}

export class Uri {
  constructor(parts) {
    Object.assign(this, parts);
  }
  static from = (parts) => new Uri(parts);
  toString() {
    return `${this.scheme}:${this.path}?${this.query ?? ''}`;
  }
}

export class Range {
  constructor(...at) {
    const isPlaces = at.length === 2;
    const [startLine, startCharacter, endLine, endCharacter] = at;
    this.start = isPlaces ? at[0] : { line: startLine, character: startCharacter };
    this.end = isPlaces ? at[1] : { line: endLine, character: endCharacter };
  }
}

export class WorkspaceEdit {
  edits = [];
  replace(_uri, range, text) {
    this.edits.push({ range, text });
  }
}

export const workspace = {
  openTextDocument: async () => globalThis.told.document,
  applyEdit: async ({ edits }) => globalThis.told.apply(edits),
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
