// What Herdmate's server says beyond the Language Server Protocol: mirrors
// server/herdmate/lsp/protocol.py by hand, and tests/test_extension.py compares the two.

import type { Diagnostic, Range } from 'vscode-languageclient/node';

export const STATUS = 'herdmate/status';
export const DIAGNOSTICS = 'herdmate/diagnostics';
export const MODELS = 'herdmate/models';
export const PULL_MODEL = 'herdmate/pullModel';
export const EXPLANATION = 'herdmate/explanation';

export const COMMAND_EXPLAIN = 'herdmate.explain';
export const CURSOR = 'herdmate/cursor';
export const COMMAND_REWRITE = 'herdmate.rewrite';
export const COMMAND_ASK = 'herdmate.ask';
export const COMMAND_STATUS = 'herdmate.status';
export const COMMAND_WHY = 'herdmate.why';
export const COMMAND_SEEN = 'herdmate.seen';
export const COMMAND_STATS = 'herdmate.stats';
export const COMMAND_ACCEPTED = 'herdmate.accepted';
export const COMMAND_FETCH_MODEL = 'herdmate.fetchModel';
export const COMMAND_RESTART_ENGINE = 'herdmate.restartEngine';

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
}

export interface ModelEntry {
  name: string;
  title: string;
  bytes: number;
  quant: string;
  context: number;
  infill: boolean;
  instruct: boolean;
  installed: boolean;
  fits: boolean;
  detail: string;
}

export interface ModelList {
  models: ModelEntry[];
  current: string;
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
}
