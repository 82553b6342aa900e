import type { ExtensionContext } from 'vscode';
import { activateAsk } from './ask';
import { activateCursor } from './cursor';
import { activateExplain } from './explain';
import { Server } from './server';
import { activateStatus } from './status';

let server: Server | undefined;

export async function activate(context: ExtensionContext): Promise<void> {
  server = new Server(context);
  activateStatus(context, server);
  activateExplain(context, server);
  activateAsk(context, server);
  activateCursor(context, server);
  await server.restart();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}
