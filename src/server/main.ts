import { CodedError, renderFinding } from '../diagnostics/index.ts';
import { layoutOf } from '../wiring/index.ts';
import { rememberedStart, runServer } from './run-server.ts';

/*
 * The server's process: node main.ts <home>. What it is started with lies in <home>/server.json, so that a service
 * manager, `slipway up` and a restart after a crash all start the same thing.
 */
const home = process.argv[2] ?? '';
// Its log lies on the disk that may be full: a lost line never ends the server.
process.stderr.on('error', () => {});
try {
  const request = await rememberedStart(layoutOf(home));
  if (!request)
    throw new CodedError('server/not-set-up', `there is no server.json in "${home}"`, {
      help: 'start it with: slipway up',
    });
  await runServer(request);
  process.exit(0);
} catch (error) {
  const finding =
    error instanceof CodedError ? renderFinding(error.toFinding()) : String((error as Error).stack);
  // The last line is for the starter, who reads the log.
  console.error(finding);
  if (error instanceof CodedError) console.error(`slipway-start-failed ${JSON.stringify(error.toFinding())}`);
  process.exit(1);
}
