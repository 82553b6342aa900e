import * as vscode from 'vscode';
import {
  besides,
  type Hunk,
  type Mark,
  type Merged,
  merged,
  moved,
  openOnes,
  type Rows,
  stateOf,
  withLineEnds,
} from './hunks';
import { tell } from './messages';
import type { Review } from './protocol';

export const REVIEWED = 'herdmate-review';
const KEPT = 8; // reviews, also those in which all is decided: Undo may open them again
const NOTHING: Merged = { text: '', marks: [] };
const TOLD_FOR_MS = 5000;

export type Answer = { applied: boolean; failureReason?: string };

/** The suggested changes of one document, and what the user has decided so far. */
interface Reviewed {
  readonly uri: vscode.Uri; // of what is shown
  readonly document: vscode.Uri;
  readonly hunks: readonly Hunk[];
  readonly newest: number; // id of the first hunk of the newest answer
  readonly decided: readonly number[]; // ids, the last one last
  readonly hasEnded: boolean; // all was decided, or its tab closed: a new answer stands alone
  readonly shown: Merged;
}

/** Documents with the old and the new lines of suggested changes, until each is decided on. */
export class Reviews implements vscode.TextDocumentContentProvider, vscode.CodeLensProvider {
  private readonly all = new Map<string, Reviewed>(); // by the URI shown, the newest last
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly lenses = new vscode.EventEmitter<void>();
  private last = 0; // id of a hunk

  readonly onDidChange = this.changed.event;
  readonly onDidChangeCodeLenses = this.lenses.event;

  /** Takes a review from the server, together with what is open in one that has not ended. */
  async begin(review: Review, uri: vscode.Uri): Promise<Answer> {
    const document = await vscode.workspace.openTextDocument(uri);
    if (review.version !== null && document.version !== review.version)
      return { applied: false, failureReason: vscode.l10n.t('the file has changed') };
    const { title, note } = review;
    const label = note ? `${title}; ${note}` : title;
    const lineEnd = endOf(document);
    const newest = this.last + 1;
    const fresh = review.hunks.map(({ range, text }): Hunk => {
      const { start, end } = range;
      const place = new vscode.Range(start.line, start.character, end.line, end.character);
      return {
        id: ++this.last,
        label,
        start: document.offsetAt(place.start),
        end: document.offsetAt(place.end),
        old: document.getText(place),
        fresh: withLineEnds(text, lineEnd),
        isDiscarded: false,
      };
    });
    const shown = shownUri(uri);
    const before = this.of(shown);
    const earlier = before && !before.hasEnded ? openOnes(before.hunks, document.getText()) : [];
    const hunks = [...besides(earlier, fresh), ...fresh];
    const its = { uri: shown, document: uri, hunks, newest, decided: [], hasEnded: false };
    this.put(document, its);
    return { applied: true };
  }

  of(uri: vscode.Uri | undefined): Reviewed | undefined {
    return uri && this.all.get(uri.toString());
  }

  /** The newest review in which something is open. */
  newest(): Reviewed | undefined {
    return [...this.all.values()].filter(({ shown }) => shown.marks.length).at(-1);
  }

  /** Notes that a review has ended, though Undo may open it again, or that it is shown again. */
  setEnded(uri: vscode.Uri, hasEnded: boolean): void {
    const review = this.of(uri);
    if (review) this.all.set(uri.toString(), { ...review, hasEnded });
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.of(uri)?.shown.text ?? vscode.l10n.t('This review has ended.');
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const review = this.of(document.uri);
    return review ? review.shown.marks.flatMap((mark, at) => lensesOf(review, mark, at)) : [];
  }

  /** Changes the document to what the user accepts, in one step that Undo takes back. */
  async accept(review: Reviewed, ids: readonly number[]): Promise<void> {
    const document = await this.opened(review);
    if (!document) return;
    const text = document.getText();
    const chosen = openOnes(review.hunks, text).filter(({ id }) => ids.includes(id));
    const edit = new vscode.WorkspaceEdit();
    for (const hunk of chosen) edit.replace(review.document, rangeOf(document, hunk), hunk.fresh);
    if (!chosen.length || !(await vscode.workspace.applyEdit(edit))) {
      const sentence = vscode.l10n.t('The code could not be changed; run the action again.');
      void tell('warning', sentence);
      return this.put(document, review);
    }
    this.decide(
      document,
      review.uri,
      chosen.map(({ id }) => id),
    );
  }

  /** Leaves the document as it is. */
  async discard(review: Reviewed, ids: readonly number[]): Promise<void> {
    const document = await this.opened(review);
    if (document) this.decide(document, review.uri, ids, true);
  }

  /** Takes back the last decision that still stands. */
  async undo(review: Reviewed): Promise<void> {
    const document = await this.opened(review);
    if (!document) return;
    const text = document.getText();
    const stands = (hunk: Hunk) => ['accepted', 'discarded'].includes(stateOf(hunk, text));
    const decided = review.decided.map((id) => review.hunks.find((its) => its.id === id));
    const hunk = decided.filter((its) => its && stands(its)).at(-1);
    if (!hunk) return;
    const last = hunk.id;
    if (stateOf(hunk, text) === 'accepted') {
      const edit = new vscode.WorkspaceEdit();
      edit.replace(review.document, rangeOf(document, hunk), hunk.old);
      await vscode.workspace.applyEdit(edit);
    }
    const now = this.of(review.uri) ?? review;
    const hunks = now.hunks.map((its) => (its.id === last ? { ...its, isDiscarded: false } : its));
    this.put(document, { ...now, hunks, decided: now.decided.filter((id) => id !== last) });
  }

  /** Follows what the user types in a document under review, or undoes there. */
  follow({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    const review = this.of(shownUri(document.uri));
    if (!review || !contentChanges.length) return;
    const text = document.getText();
    const hunks = moved(review.hunks, contentChanges, text);
    const isLost = hunks.some(
      (hunk) => stateOf(hunk, text) === 'changed' && review.shown.marks.some(isOf(hunk)),
    );
    if (isLost && !review.hasEnded) {
      const sentence = vscode.l10n.t('A suggestion was withdrawn, as its lines have changed.');
      vscode.window.setStatusBarMessage(sentence, TOLD_FOR_MS);
    }
    this.put(document, { ...review, hunks });
  }

  /** The document under review; if there is none any more, the review ends. */
  private async opened({ uri, document }: Reviewed): Promise<vscode.TextDocument | undefined> {
    try {
      return await vscode.workspace.openTextDocument(document);
    } catch {
      this.all.delete(uri.toString());
      this.changed.fire(uri);
      const name = vscode.workspace.asRelativePath(document);
      const sentence = vscode.l10n.t('{0} cannot be opened any more.', name);
      void tell('warning', sentence);
      return undefined;
    }
  }

  private decide(
    document: vscode.TextDocument,
    uri: vscode.Uri,
    ids: readonly number[],
    isDiscarded = false,
  ): void {
    const review = this.of(uri);
    if (!review) return;
    const hunks = review.hunks.map((its) => (ids.includes(its.id) ? { ...its, isDiscarded } : its));
    this.put(document, { ...review, hunks, decided: [...review.decided, ...ids] });
  }

  private put(document: vscode.TextDocument, review: Omit<Reviewed, 'shown'>): void {
    const key = review.uri.toString();
    const [text, earlier] = [document.getText(), this.all.get(key)?.shown];
    const isOpen = openOnes(review.hunks, text).length > 0;
    const shown = isOpen ? merged(review.hunks, text, endOf(document)) : NOTHING;
    this.all.delete(key);
    this.all.set(key, { ...review, shown, hasEnded: review.hasEnded || !isOpen });
    for (const old of [...this.all.keys()].slice(0, -KEPT)) this.all.delete(old);
    if (!isOpen && earlier === NOTHING) return;
    this.changed.fire(review.uri);
    this.lenses.fire();
  }
}

/** Where a document is shown while it is under review. Its name tells its language. */
export function shownUri(document: vscode.Uri): vscode.Uri {
  const name = document.path.split('/').at(-1) ?? '';
  const isCell = document.scheme === 'vscode-notebook-cell'; // what is shown is no notebook
  const label = isCell
    ? vscode.l10n.t('Review: {0} (cell)', name)
    : vscode.l10n.t('Review: {0}', name);
  return vscode.Uri.from({ scheme: REVIEWED, path: `/${label}`, query: document.toString() });
}

const isOf = (hunk: Hunk) => (mark: Mark) => mark.id === hunk.id;

function lensesOf(review: Reviewed, mark: Mark, at: number): vscode.CodeLens[] {
  const { uri, shown } = review;
  const count = shown.marks.length;
  const place = new vscode.Range(mark.old.from, 0, mark.old.from, 0);
  const lens = (title: string, command: string, ...args: number[]) =>
    new vscode.CodeLens(place, { title, command, arguments: [uri.toString(), ...args] });
  const [accept, discard] = [vscode.l10n.t('Accept'), vscode.l10n.t('Discard')];
  const { label } = mark;
  const name = count > 1 ? vscode.l10n.t('{0}, {1} of {2}', label, at + 1, count) : label;
  return [
    lens(`$(check) ${accept}`, 'herdmate.review.accept', mark.id),
    lens(`$(close) ${discard}`, 'herdmate.review.discard', mark.id),
    ...(count > 1 ? [lens(vscode.l10n.t('Accept All'), 'herdmate.review.acceptAll')] : []),
    ...(count > 1 ? [lens(vscode.l10n.t('Discard All'), 'herdmate.review.discardAll')] : []),
    lens(`${name} (\u2212${rowsIn(mark.old)} +${rowsIn(mark.fresh)})`, ''),
  ];
}

function rowsIn({ from, to }: Rows): number {
  return to - from;
}

function rangeOf(document: vscode.TextDocument, { start, end }: Hunk): vscode.Range {
  return new vscode.Range(document.positionAt(start), document.positionAt(end));
}

function endOf(document: vscode.TextDocument): string {
  return document.eol === vscode.EndOfLine.CRLF ? '\r\n' : '\n';
}
