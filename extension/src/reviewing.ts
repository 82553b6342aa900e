import * as vscode from 'vscode';
import { type Mark, type Merged, markAt, markSince, type Rows } from './hunks';
import { tell } from './messages';
import type { Review } from './protocol';
import { type Answer, REVIEWED, Reviews, shownUri } from './review';
import type { Server } from './server';

type Decide = 'accept' | 'discard';

/** Shows suggested changes in the editor, where the user accepts or discards each. */
export function activateReviewing(context: vscode.ExtensionContext, server: Server): void {
  const reviews = new Reviews();
  const colours = coloursOf(context.extensionUri);
  let next: ((shown: Merged) => Mark | undefined) | undefined; // to show as soon as it is drawn
  const paint = (editors: readonly vscode.TextEditor[]) => {
    for (const editor of editors) {
      const shown = reviews.of(editor.document.uri)?.shown;
      if (shown?.text !== editor.document.getText()) continue;
      colour(editor, shown, colours);
      if (!next || editor !== vscode.window.activeTextEditor) continue;
      const mark = next(shown);
      next = undefined;
      if (mark) goTo(editor, mark);
    }
  };
  const show = async (document: vscode.Uri) => {
    const uri = shownUri(document);
    const editor = await opened(uri, document);
    reviews.setEnded(uri, false);
    const newest = reviews.of(uri)?.newest ?? 0;
    next = (shown) => markSince(shown, newest);
    paint([editor]);
  };
  const decide = async (how: Decide, shown: string | undefined, id?: number, isForAll = false) => {
    const review = reviews.of(shown ? vscode.Uri.parse(shown) : activeUri());
    if (!review || !isDrawn(review)) return;
    const at = id ?? markAt(review.shown, cursorIn(review.uri))?.id;
    const row = review.shown.marks.find((mark) => mark.id === at)?.old.from;
    next = (shown) => (row === undefined ? undefined : markAt(shown, row));
    const ids = review.shown.marks.map((mark) => mark.id);
    await reviews[how](review, isForAll ? ids : ids.filter((its) => its === at));
    if (!reviews.of(review.uri)?.shown.marks.length) next = undefined;
  };
  context.subscriptions.push(
    ...Object.values(colours),
    vscode.workspace.registerTextDocumentContentProvider(REVIEWED, reviews),
    vscode.languages.registerCodeLensProvider({ scheme: REVIEWED }, reviews),
    vscode.workspace.onDidChangeTextDocument((event) => {
      reviews.follow(event);
      if (event.document.uri.scheme === REVIEWED) paint(vscode.window.visibleTextEditors);
    }),
    vscode.window.onDidChangeVisibleTextEditors(paint),
    vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
      for (const uri of closed.flatMap(urisOf))
        if (uri.scheme === REVIEWED && !tabsOf((its) => its.toString() === uri.toString()).length)
          reviews.setEnded(uri, true);
    }),
    reviews.onDidChange((uri) => closeIfDecided(reviews, uri)),
    vscode.commands.registerCommand('herdmate.review.accept', (uri, id) =>
      decide('accept', uri, id),
    ),
    vscode.commands.registerCommand('herdmate.review.discard', (uri, id) =>
      decide('discard', uri, id),
    ),
    vscode.commands.registerCommand('herdmate.review.acceptAll', (uri) =>
      decide('accept', uriIn(uri), undefined, true),
    ),
    vscode.commands.registerCommand('herdmate.review.discardAll', (uri) =>
      decide('discard', uriIn(uri), undefined, true),
    ),
    vscode.commands.registerCommand('herdmate.review.next', () => go(reviews, 1)),
    vscode.commands.registerCommand('herdmate.review.previous', () => go(reviews, -1)),
    vscode.commands.registerCommand('herdmate.review.undo', async () => {
      const review = reviews.of(activeUri());
      if (review) await reviews.undo(review);
    }),
    vscode.commands.registerCommand('herdmate.showReview', async () => {
      const review = reviews.newest();
      if (review) await show(review.document);
      else void tell('information', vscode.l10n.t('There is nothing to review.'));
    }),
  );
  server.onReview = async (review, uri) => {
    const answer = await reviews.begin(review, uri);
    if (answer.applied) void showOrTell(show, review, uri);
    return answer;
  };
  void closeTabs((uri) => uri.scheme === REVIEWED); // of a window that was closed meanwhile
}

export type OnReview = (review: Review, uri: vscode.Uri) => Promise<Answer>;

/** Shows a review at once, unless the user is at work in another document. */
async function showOrTell(
  show: (uri: vscode.Uri) => Promise<void>,
  review: Review,
  uri: vscode.Uri,
): Promise<void> {
  const at = activeUri()?.toString();
  const isHere = !at || [uri, shownUri(uri)].some((its) => its.toString() === at);
  const button = vscode.l10n.t('Review');
  const name = vscode.workspace.asRelativePath(uri);
  const sentence = vscode.l10n.t('{0} is ready for review in {1}.', review.title, name);
  if (isHere || (await vscode.window.showInformationMessage(sentence, button))) await show(uri);
}

/** The editor that shows a document's review, opened where the document is. */
async function opened(target: vscode.Uri, uri: vscode.Uri): Promise<vscode.TextEditor> {
  const original = await vscode.workspace.openTextDocument(uri);
  const beside = tabsOf((its) => its.path === uri.path).at(0)?.group.viewColumn;
  const viewColumn = beside ?? vscode.ViewColumn.Active;
  const shown = await vscode.workspace.openTextDocument(target);
  if (shown.languageId !== original.languageId)
    await vscode.languages.setTextDocumentLanguage(shown, original.languageId);
  return vscode.window.showTextDocument(shown, { viewColumn, preview: false });
}

/** Does every editor of a review show what would be decided on? It is drawn a moment later. */
function isDrawn({ uri, shown }: { uri: vscode.Uri; shown: Merged }): boolean {
  const editors = vscode.window.visibleTextEditors.map(({ document }) => document);
  const its = editors.filter((document) => document.uri.toString() === uri.toString());
  return its.every((document) => document.getText() === shown.text);
}

async function closeIfDecided(reviews: Reviews, uri: vscode.Uri): Promise<void> {
  const isOpen = () => reviews.of(uri)?.shown.marks.length;
  if (!isOpen()) await closeTabs((its) => its.toString() === uri.toString());
}

async function closeTabs(isMeant: (uri: vscode.Uri) => boolean): Promise<void> {
  const tabs = tabsOf(isMeant);
  if (tabs.length) await vscode.window.tabGroups.close(tabs);
}

function tabsOf(isMeant: (uri: vscode.Uri) => boolean): vscode.Tab[] {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  return tabs.filter((tab) => urisOf(tab).some(isMeant));
}

function urisOf({ input }: vscode.Tab): vscode.Uri[] {
  const isOfOne = input instanceof vscode.TabInputText || input instanceof vscode.TabInputNotebook;
  return isOfOne ? [input.uri] : [];
}

/** The menu of an editor's title passes a URI, a code lens the same as a string. */
function uriIn(argument: unknown): string | undefined {
  return argument instanceof vscode.Uri ? argument.toString() : (argument as string | undefined);
}

function activeUri(): vscode.Uri | undefined {
  return vscode.window.activeTextEditor?.document.uri;
}

function cursorIn(uri: vscode.Uri): number {
  const editor = vscode.window.activeTextEditor;
  return editor?.document.uri.toString() === uri.toString() ? editor.selection.active.line : 0;
}

function go(reviews: Reviews, by: 1 | -1): void {
  const editor = vscode.window.activeTextEditor;
  const marks = reviews.of(editor?.document.uri)?.shown.marks;
  if (!editor || !marks?.length) return;
  const row = editor.selection.active.line;
  const found =
    by > 0
      ? (marks.find(({ old }) => old.from > row) ?? marks[0])
      : (marks.filter(({ old }) => old.from < row).at(-1) ?? marks.at(-1));
  if (found) goTo(editor, found);
}

function goTo(editor: vscode.TextEditor, { old, fresh }: Mark): void {
  const at = new vscode.Position(old.from, 0);
  editor.selection = new vscode.Selection(at, at);
  const place = new vscode.Range(old.from, 0, fresh.to, 0);
  editor.revealRange(place, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}

type Colours = Record<'old' | 'fresh' | 'oldWords' | 'freshWords', vscode.TextEditorDecorationType>;

function coloursOf(extension: vscode.Uri): Colours {
  const lines = (kind: 'removed' | 'inserted', ruler: string) =>
    vscode.window.createTextEditorDecorationType({
      isWholeLine: true,
      backgroundColor: new vscode.ThemeColor(`diffEditor.${kind}LineBackground`),
      overviewRulerColor: new vscode.ThemeColor(ruler),
      overviewRulerLane: vscode.OverviewRulerLane.Full,
      gutterIconPath: vscode.Uri.joinPath(extension, 'media', `${kind}.svg`),
      gutterIconSize: 'contain',
    });
  const words = (kind: 'removed' | 'inserted') =>
    vscode.window.createTextEditorDecorationType({
      backgroundColor: new vscode.ThemeColor(`diffEditor.${kind}TextBackground`),
    });
  return {
    old: lines('removed', 'editorGutter.deletedBackground'),
    fresh: lines('inserted', 'editorGutter.addedBackground'),
    oldWords: words('removed'),
    freshWords: words('inserted'),
  };
}

function colour(editor: vscode.TextEditor, { marks }: Merged, colours: Colours): void {
  const rows = (kind: 'old' | 'fresh') => marks.flatMap((mark) => eachOf(mark[kind]));
  const line = (row: number) => editor.document.lineAt(row);
  for (const kind of ['old', 'fresh'] as const)
    editor.setDecorations(
      colours[kind],
      rows(kind).map((row) => line(row).range),
    );
  const pairs = marks.flatMap(({ old, fresh }) =>
    old.to - old.from === fresh.to - fresh.from
      ? eachOf(old).map((row, at) => changedWords(line(row), line(fresh.from + at)))
      : [],
  );
  editor.setDecorations(
    colours.oldWords,
    pairs.map(([old]) => old),
  );
  editor.setDecorations(
    colours.freshWords,
    pairs.map(([, fresh]) => fresh),
  );
}

/** What differs between two lines: all but their common start and end. */
function changedWords(one: vscode.TextLine, other: vscode.TextLine): [vscode.Range, vscode.Range] {
  const most = Math.min(one.text.length, other.text.length);
  let start = 0;
  while (start < most && one.text[start] === other.text[start]) start++;
  let end = 0;
  while (end < most - start && one.text.at(-1 - end) === other.text.at(-1 - end)) end++;
  const between = ({ range, text }: vscode.TextLine) =>
    new vscode.Range(range.start.translate(0, start), range.start.translate(0, text.length - end));
  return [between(one), between(other)];
}

function eachOf({ from, to }: Rows): number[] {
  return Array.from({ length: to - from }, (_, at) => from + at);
}
