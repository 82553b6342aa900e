// Herdmate's additions to the Language Server Protocol. Mirrors server/herdmate/lsp/protocol.py by
// hand; tests/test_extension.py compares the two.

import type { Diagnostic, Position, Range } from 'vscode-languageclient/node';

export const STATUS = 'herdmate/status';
export const DIAGNOSTICS = 'herdmate/diagnostics';
export const DECLARATIONS = 'herdmate/declarations';
export const MENU = 'herdmate/menu';
export const SHOW_MENU = 'herdmate/showMenu';
export const CONFIGURE = 'herdmate/configure';
export const EXPLANATION = 'herdmate/explanation';
export const REVIEW = 'herdmate/review';
export const GHOST_TEXT = 'herdmate/ghostText';
export const GHOST_TEXT_CHANGED = 'herdmate/ghostTextChanged';
export const COMPLETION_GREW = 'herdmate/completionGrew';

export const COMMAND_EXPLAIN = 'herdmate.explain';
export const STOP = 'herdmate/stop';
export const CURSOR = 'herdmate/cursor';
export const COMMAND_REWRITE = 'herdmate.rewrite';
export const COMMAND_APPLY_CODE = 'herdmate.applyCode';
export const COMMAND_ASK = 'herdmate.ask';
export const COMMAND_ACCEPTED = 'herdmate.accepted';
export const COMMAND_MODELS = 'herdmate.models';
export const COMMAND_TOGGLE = 'herdmate.toggle';

export type State =
  | 'starting'
  | 'noModel'
  | 'fetching'
  | 'loading'
  | 'ready'
  | 'thinking'
  | 'sleeping'
  | 'error';

export interface Status {
  state: State;
  message?: string;
  fraction?: number | null;
  model?: string | null;
  remote?: boolean;
  completion?: Status | null;
}

export interface GhostText {
  state: 'on' | 'off' | 'paused';
  message?: string;
}

export type Group = '' | 'model' | 'pause' | 'look';

export interface CompletionGrew {
  uri: string;
  version: number | null;
  position: Position;
}

export interface DeclarationsParams {
  uri: string;
  version: number | null;
  positions: Position[];
}

export interface ReviewHunk {
  range: Range;
  text: string;
}

export interface Review {
  uri: string;
  version: number | null;
  title: string;
  note: string;
  hunks: ReviewHunk[];
}

export interface ExplanationPart {
  id: string;
  title: string;
  uri: string;
  text: string;
  done?: boolean;
  error?: string | null;
  stopped?: boolean;
  question?: string;
  next?: ActionArguments | null;
  progress?: string;
}

export interface MenuItem {
  label: string;
  icon: string;
  command: string;
  arguments?: string[];
  detail?: string;
  group?: Group;
}

export interface Menu {
  title: string;
  placeholder: string;
  items: MenuItem[];
}

export interface Turn {
  role: string;
  text: string;
}

export interface ActionArguments {
  uri: string;
  range: Range;
  action?: string;
  version?: number | null;
  instruction?: string;
  diagnostics?: Diagnostic[];
  symbol?: string;
  turns?: Turn[];
  code?: string;
}
