// What several files of browser tests have for all their tests: a browser, a learner in it, the engine's verbs, an author whose lesson is shown while they write.
// Each function sets up before a file's tests, gives what there is then, and takes it away after them.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { controlVerbs } from '../../runtime/lab/control.ts';
import { engineSocket, previewsDir } from '../../runtime/paths.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { previewLesson } from '../../server/authoring/preview.ts';
import { hasPrompt, leave, newcomer, openBrowser, type Browser, type BrowserContext, type Page } from './browser.ts';

export type EngineVerbs = RpcClient<typeof controlVerbs>;

export function haveBrowser(give: (browser: Browser) => void) {
  let browser: Browser | undefined;
  beforeAll(async () => { give(browser = await openBrowser()); });
  afterAll(() => browser?.close());
}

/** `at`: a page with a terminal, which is at its prompt when the tests begin. */
export function haveLearner(give: (learner: { browser: Browser; context: BrowserContext; page: Page; errors: string[] }) => void, at?: string) {
  let browser: Browser | undefined;
  let context: BrowserContext | undefined;
  beforeAll(async () => {
    browser = await openBrowser();
    const learner = await newcomer(browser);
    ({ context } = learner);
    give({ browser, ...learner });
    if (at === undefined) return;
    await learner.page.goto(at);
    await hasPrompt(learner.page);
  });
  afterAll(async () => {
    if (context) await leave(context);
    await browser?.close();
  });
}

export function haveEngine(give: (engine: EngineVerbs) => void) {
  let engine: EngineVerbs | undefined;
  beforeAll(() => { give(engine = new RpcClient(engineSocket, controlVerbs)); });
  afterAll(() => engine?.close());
}

/** A desk with these files, and `slipway lesson preview` of the lesson in `folder`; `said` is what that prints. */
export function haveAuthor(folder: string, files: Record<string, string>, give: (author: { folder: string; said: string[]; /** Ends the preview early. */ stop: () => Promise<void> }) => void) {
  const stop = new AbortController();
  let desk: string | undefined;
  let preview: Promise<void> | undefined;
  beforeAll(async () => {
    desk = await mkdtemp('/var/tmp/slipway-desk-');
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(desk, name)), { recursive: true });
      await writeFile(join(desk, name), text);
    }
    const said: string[] = [];
    preview = previewLesson(join(desk, folder), { into: previewsDir, signal: stop.signal, print: text => said.push(text) });
    give({ folder: join(desk, folder), said, stop: leaveDesk });
  });
  const leaveDesk = async () => {
    stop.abort();
    await preview;
  };
  afterAll(async () => {
    await leaveDesk();
    if (desk) await rm(desk, { recursive: true, force: true });
  });
}
