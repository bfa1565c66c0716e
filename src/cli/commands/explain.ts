import { CodedError } from '../../diagnostics/index.ts';
import type { ServerClient } from '../../server/index.ts';
import { storyPage } from '../../story/index.ts';
import { nameApp } from '../app-of.ts';
import { outLook, show, withServer, type CliContext, type CommonOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { storyLines } from '../render/story-lines.ts';
import { writePage } from '../write-page.ts';

interface ExplainOptions extends CommonOptions {
  app?: string;
  html?: string;
}

/** Tells what happened in a rollout, and why. Without a name: in the newest one of this app. */
export async function explain(
  context: CliContext,
  options: ExplainOptions,
  wanted: string | undefined,
): Promise<number> {
  return withServer(context, options, async (client) => {
    const story = await client.story(await idOf(context, client, { options, wanted }));
    show(context, options, story, () => storyLines(story, outLook(context), context.nowMs()));
    if (options.html !== undefined)
      await writePage(context, options.html, {
        page: storyPage(story, context.nowMs()),
        example: 'slipway explain --html story.html',
      });
    return exitCodes.done;
  });
}

interface Wish {
  options: ExplainOptions;
  wanted: string | undefined;
}

/** How far back a revision is looked for. */
const remembered = 200;

/** A rollout is named by its id, by the environment whose newest one is meant, or by its revision. */
async function idOf(context: CliContext, client: ServerClient, { options, wanted }: Wish): Promise<string> {
  if (wanted !== undefined && wanted.startsWith('ro-')) return wanted;
  const app = await nameApp(context, client, options);
  const [newest] = await client.history({ app, environment: wanted, limit: 1 });
  if (newest) return newest.id;
  if (wanted !== undefined && /^r\d+$/.test(wanted)) {
    const all = await client.history({ app, limit: remembered });
    const found = all.find(({ revision }) => revision === wanted);
    if (found) return found.id;
  }
  const where = [app, wanted].filter((part) => part !== undefined).join('/');
  throw new CodedError('cli/nothing-to-explain', `there was no rollout of ${where || 'any app'} yet`, {
    help: 'see what there was: slipway history',
  });
}
