import { describeCommit, sendCommit } from '../commit-of.ts';
import { outLook, show, type CliContext, type CommonOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { serverWithStart } from '../local-server.ts';
import { troubleText } from '../mistake.ts';
import { planPage } from '../render/plan-page.ts';

/** Shows what `ship` would do with the commit that is checked out. Nothing is started or moved. */
export async function plan(context: CliContext, options: CommonOptions): Promise<number> {
  const repository = await context.openRepository();
  await repository.requireComplete();
  const request = await describeCommit(context, repository);
  const client = await serverWithStart(context, options);
  try {
    await sendCommit(client, repository, request);
    const view = await client.plan(request);
    show(context, options, view, () => planPage(view, outLook(context)));
    const { findings } = view;
    if (findings.length > 0 && !options.json) {
      context.err.write(`\n${troubleText({ findings, sources: new Map(), exitCode: 0 }, context.err.color)}`);
    }
    return findings.some(({ severity }) => severity === 'error') ? exitCodes.usage : exitCodes.done;
  } finally {
    client.close();
  }
}
