// Works as a person would in a real VS Code (code-server, shown by Chromium), with the real
// extension, the real server and a real model. `install.sh` beside this file installs what it needs;
// tests/e2e/test_vscode.py runs it. Then this brings README's pictures up to date:
//
//   cp .out/vscode/readme/*.png extension/screenshots/
//
//   HERDMATE_E2E_TOOLS    where install.sh put Node, code-server and playwright-core
//   HERDMATE_E2E_SERVER   the server's command as a JSON array, without `serve`
//   HERDMATE_E2E_MODEL    the setting herdmate.model; the starter, if the test is not told otherwise
//   HERDMATE_E2E_OTHER_MODEL  the path of another model
//   HERDMATE_E2E_PYTHON   a Python that says whether the changed file is still Python
//   HERDMATE_E2E_VSIX     the packaged extension
//   HERDMATE_E2E_OUT      where pictures and logs are kept
//   HERDMATE_E2E_WHEELS   a folder that contains an index of wheels, whl/
//   HERDMATE_E2E_ONLY     the scenarios that are run, by name and with spaces between; else all
//   HERDMATE_E2E_FILM     if set, a picture of the window each second is kept: film/0000.png and on;
//                         theFirstMinutes, which starts with nothing installed, is always filmed

import { readFileSync } from 'node:fs';
import * as callbacks from './callbacks.mjs';
import * as checkup from './checkup.mjs';
import * as declarations from './declarations.mjs';
import * as explaining from './explaining.mjs';
import { MACHINE, theFirstMinutes } from './first_minutes.mjs';
import * as ghostText from './ghost_text.mjs';
import * as keys from './keys.mjs';
import { endCodeServer, logFiles, startCodeServer } from './machine.mjs';
import * as menu from './menu.mjs';
import * as models from './models.mjs';
import { anOddFolderWorksLikeAnyOther } from './odd_folder.mjs';
import * as refactoring from './refactoring.mjs';
import * as reviewing from './reviewing.mjs';
import { anExplanationFitsAndTurns } from './right_to_left.mjs';
import * as server from './server.mjs';
import * as settings from './settings.mjs';
import { endBrowser, film, openBrowser, openFile, picture } from './window.mjs';
import * as walkthrough from './walkthrough.mjs';
import * as windows from './windows.mjs';

const SCENARIOS = [
  ghostText.ghostTextIsAcceptedWithTab,
  ghostText.typingThroughKeepsTheRest,
  ghostText.aBodyGrowsWithoutAKey,
  ghostText.whatIsDismissedDoesNotGrow,
  ghostText.acceptingAWordKeepsTheRest,
  ghostText.acceptingALineKeepsTheRest,
  ghostText.theEditorsOwnBracketIsNotDoubled,
  menu.theMenuPausesAndResumes,
  menu.ghostTextIsSwitchedAndGoneThroughByKeys,
  menu.whatTheModelSawLiesInNoFile,
  menu.theLanguageStatusTellsTheState,
  menu.theContextMenuSaysWhoseItIs,
  menu.aRemoteServerHasItsOwnSign,
  menu.aLongMessageIsShownWholeByItsButton,
  menu.activationIsQuick,
  walkthrough.theWalkthroughLeadsToGhostText,
  settings.changedSettingsWorkAtOnce,
  explaining.explanationStreamsBesideTheCode,
  anExplanationFitsAndTurns,
  explaining.aQuestionFollowsAndTheNextIsStopped,
  refactoring.refactoringChangesOnlyTheSelection,
  reviewing.eachHunkIsDecidedByItself,
  reviewing.anEndedReviewStaysEnded,
  reviewing.whatIsTypedMeanwhileIsKept,
  reviewing.aClosedFileIsChangedToo,
  explaining.longCodeIsExplainedPartByPart,
  explaining.codeOfAnAnswerIsInsertedAndApplied,
  reviewing.aCellOfANotebookIsReviewed,
  refactoring.staleDocumentIsLeftAloneUntilRunAgain,
  ghostText.cellsOfANotebookKnowOfEachOther,
  windows.twoWindowsDoNotDisturbEachOther,
  anOddFolderWorksLikeAnyOther,
  settings.anUntrustedWorkspaceChoosesNothing,
  models.withoutAModelTheRecommendedIsOffered,
  models.aFetchIsCancelledAndGoneOnWith,
  server.whatIsKilledComesBack,
  callbacks.aCallbackIsShownWhole,
  checkup.theSetUpIsCheckedAndReported,
  server.missingServerIsToldWithOneButton,
  server.aServerIsSetUpFromWhatTheExtensionCarries,
  server.ofTwoWindowsOneUpdates,
  server.aFailedUpdateOrADamagedServerIsToldAndMended,
];
/** Only those that are asked for by name: they take long, or depend on what the model writes. */
const MEASURES = [
  callbacks.callbacksOfTheModel,
  declarations.whatIsImportedIsKnownFromTypeScript,
  keys.defaultKeys,
];
const only = process.env.HERDMATE_E2E_ONLY?.split(' ');

/** By name and alone: in a home folder where nothing was installed. */
const isNew = only?.includes(theFirstMinutes.name);

const codeServer = await startCodeServer(isNew ? MACHINE : {});
await openBrowser(codeServer.url);
const endFilm = isNew || process.env.HERDMATE_E2E_FILM ? film() : undefined;
let failure;
try {
  await (isNew ? theFirstMinutes() : openFile());
  for (const run of SCENARIOS) if (!only || only.includes(run.name)) await run();
  for (const run of MEASURES) if (only?.includes(run.name)) await run();
} catch (error) {
  failure = error;
  await picture('failure').catch(() => {});
}
await endFilm?.();
await endBrowser();
await endCodeServer(codeServer);
if (failure) {
  console.error(serverLogs());
  console.error(failure); // last, where one looks first
}
process.exit(failure ? 1 : 0);

/** The ends of the output channels "Herdmate", without the code that passed through them. */
function serverLogs() {
  const ends = logFiles().map(
    (name) => `The end of ${name}:\n${readFileSync(name, 'utf8').slice(-4000)}`,
  );
  return ends.join('\n') || 'The server wrote no log.';
}
