import { setTimeout as sleep } from 'node:timers/promises';
import type { StatusView } from '../../wiring/index.ts';
import { outLook, show, withServer, type CliContext, type CommonOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { LiveBlock } from '../render/live-block.ts';
import { statusPage } from '../render/status-page.ts';
import { fitTo } from '../render/text.ts';

interface StatusOptions extends CommonOptions {
  watch?: boolean;
}

const lookEveryMs = 1000;

/** Shows what the server and every environment do now. */
export async function status(context: CliContext, options: StatusOptions): Promise<number> {
  return withServer(context, options, async (client) => {
    if (options.watch) return watch(context, options, () => client.status());
    const view = await client.status();
    show(context, options, view, () => statusPage(view, outLook(context), context.nowMs()));
    return exitCodes.done;
  });
}

async function watch(
  context: CliContext,
  options: StatusOptions,
  look: () => Promise<StatusView>,
): Promise<number> {
  const interrupt = new AbortController();
  const stopListening = context.onInterrupt(() => interrupt.abort());
  const block = new LiveBlock();
  const { out } = context;
  try {
    while (!interrupt.signal.aborted) {
      const view = await look();
      const page = () => statusPage(view, outLook(context), context.nowMs());
      if (out.live && !options.json) {
        const lines = page().map((line) => fitTo(line, out.columns()));
        out.write(block.draw(lines.slice(0, Math.max(1, out.rows() - 1)), out.columns()));
      } else show(context, options, view, page);
      await sleep(lookEveryMs, undefined, { signal: interrupt.signal }).catch(() => {});
    }
  } finally {
    stopListening();
    // The last look stays; only the cursor comes back.
    if (out.live) out.write(block.leave());
  }
  return exitCodes.interrupted;
}
