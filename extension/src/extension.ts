import type { ExtensionContext } from 'vscode';
import { activateAsk } from './ask';
import { activateCheckup } from './checkup';
import { activateCursor } from './cursor';
import { activateExplain } from './explain';
import { activateGettingStarted } from './gettingStarted';
import { activateKeys } from './keys';
import { activateRefactor } from './refactor';
import { activateReviewing } from './reviewing';
import { Server } from './server';
import { activateStatus } from './status';

let server: Server | undefined;

export function activate(context: ExtensionContext): void {
  server = new Server(context);
  activateStatus(context, server);
  activateExplain(context, server);
  activateAsk(context, server);
  activateRefactor(context, server);
  activateKeys(context);
  activateCheckup(context, server);
  activateCursor(context, server);
  activateGettingStarted(context, server);
  activateReviewing(context, server);
  void server.restart(); // VS Code need not wait for it
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}
