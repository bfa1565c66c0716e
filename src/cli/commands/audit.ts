import type { StoredEvent } from '../../flow/index.ts';
import type { ServerClient } from '../../server/index.ts';
import { outLook, show, withServer, type CliContext, type CommonOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Mistake, troubleText } from '../mistake.ts';
import { auditPage, eventsPage } from '../render/audit-page.ts';

interface LogOptions extends CommonOptions {
  limit?: number;
}

/** Proves that no event was changed, removed or cut off, or says where. */
export async function verify(
  context: CliContext,
  options: CommonOptions,
  chain: string | undefined,
): Promise<number> {
  return withServer(context, options, async (client) => {
    const report = await client.audit(chain);
    // A chain that does not exist says nothing about those that do.
    const unknown =
      report.problems.length > 0 && report.problems.every(({ code }) => code === 'store/no-such-chain');
    if (unknown) throw new Mistake(report.problems);
    show(context, options, report, () => auditPage(report, outLook(context)));
    if (!options.json && report.problems.length > 0) {
      const trouble = { findings: report.problems, sources: new Map<string, string>(), exitCode: 0 };
      context.err.write(`\n${troubleText(trouble, context.err.color)}`);
    }
    return report.intact ? exitCodes.done : exitCodes.failed;
  });
}

/** Prints the newest events, oldest first. */
export async function log(
  context: CliContext,
  options: LogOptions,
  chain: string | undefined,
): Promise<number> {
  return withServer(context, options, async (client) => {
    const events = await newest(client, chain, options.limit ?? 50);
    show(context, options, events, () => eventsPage(events, outLook(context)));
    return exitCodes.done;
  });
}

const pageSize = 1000;

/** The server gives events from the oldest on; the last of them are wanted. */
async function newest(
  client: ServerClient,
  chain: string | undefined,
  count: number,
): Promise<StoredEvent[]> {
  let kept: StoredEvent[] = [];
  for (let after = 0; ;) {
    const page = await client.events({ chain, after, limit: pageSize });
    kept = [...kept, ...page].slice(-count);
    after = page.at(-1)?.id ?? after;
    if (page.length < pageSize) return kept;
  }
}
