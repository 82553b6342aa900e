import * as vscode from 'vscode';
import type { LanguageClient, Location, Position } from 'vscode-languageclient/node';
import type { DeclarationsParams } from './protocol';

const MOST = 20;
const PATIENCE = 8000; // milliseconds, for all positions together

interface Declaration extends Location {
  position: Position;
}

/**
 * Where the names at some positions are defined, according to the language servers that are already
 * running; null if the document is not visible or has been edited.
 */
export async function declarations(
  client: LanguageClient,
  { uri, version, positions }: DeclarationsParams,
  token: vscode.CancellationToken,
): Promise<Declaration[] | null> {
  const document = visible(client.protocol2CodeConverter.asUri(uri));
  if (!document) return null;
  const { asUri, asRange } = client.code2ProtocolConverter;
  const found: Declaration[] = [];
  const end = Date.now() + PATIENCE;
  for (const position of positions.slice(0, MOST)) {
    // One after the other: a key ends it, and language servers get nothing more to do.
    if (token.isCancellationRequested || document.isClosed || document.version !== version) {
      return null;
    }
    const locations = await within(end - Date.now(), definitions(document.uri, position));
    if (!locations) return found.length ? found : null;
    for (const { uri, range } of locations) {
      found.push({ position, uri: asUri(uri), range: asRange(range) });
    }
  }
  return found;
}

function visible(uri: vscode.Uri): vscode.TextDocument | undefined {
  const isMeant = ({ document }: vscode.TextEditor) => `${document.uri}` === `${uri}`;
  return vscode.window.visibleTextEditors.find(isMeant)?.document;
}

async function definitions(uri: vscode.Uri, { line, character }: Position) {
  const answer = await vscode.commands.executeCommand<(vscode.Location | vscode.LocationLink)[]>(
    'vscode.executeDefinitionProvider',
    uri,
    new vscode.Position(line, character),
  );
  return answer.map((item) =>
    'targetUri' in item
      ? { uri: item.targetUri, range: item.targetSelectionRange ?? item.targetRange }
      : item,
  );
}

/** What a promise brings in time; it may not fail. */
async function within<T>(milliseconds: number, answer: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), Math.max(milliseconds, 0));
  });
  return Promise.race([answer.catch(() => undefined), late]).finally(() => clearTimeout(timer));
}
