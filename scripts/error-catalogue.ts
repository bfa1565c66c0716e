import { accessCodes } from '../src/access/codes.ts';
import { appCodes } from '../src/app/codes.ts';
import { cliCodes } from '../src/cli/codes.ts';
import { composeCodes } from '../src/compose/codes.ts';
import type { Catalogue } from '../src/diagnostics/index.ts';
import { dockerCodes } from '../src/docker/codes.ts';
import { expressionCodes } from '../src/expressions/codes.ts';
import { flagsCodes } from '../src/flags/codes.ts';
import { flowCodes } from '../src/flow/codes.ts';
import { localCodes } from '../src/local/codes.ts';
import { releaseCodes } from '../src/release/codes.ts';
import { runnerCodes } from '../src/runner/codes.ts';
import { runsCodes } from '../src/runs/codes.ts';
import { secretsCodes } from '../src/secrets/codes.ts';
import { serverCodes } from '../src/server/codes.ts';
import { sourceCodes } from '../src/source/codes.ts';
import { storeCodes } from '../src/store/codes.ts';
import { supervisorCodes } from '../src/supervisor/codes.ts';
import { targetsCodes } from '../src/targets/codes.ts';
import { trafficCodes } from '../src/traffic/codes.ts';
import { wiringCodes } from '../src/wiring/codes.ts';
import { workflowCodes } from '../src/workflow/codes.ts';

interface RoomCodes {
  room: string;
  /** What the room's errors are about, for a reader who does not know the house. */
  about: string;
  codes: Catalogue;
}

/** Every code of Slipway, in the order in which a commit meets the rooms. */
export const errorCatalogue: readonly RoomCodes[] = [
  { room: 'cli', about: 'words and flags of the command line', codes: cliCodes },
  { room: 'source', about: 'git and the repository', codes: sourceCodes },
  { room: 'local', about: '`slipway run`', codes: localCodes },
  { room: 'app', about: 'Procfile and slipway.yml', codes: appCodes },
  { room: 'compose', about: 'Compose files and env files beside them', codes: composeCodes },
  { room: 'workflow', about: 'files in .github/workflows', codes: workflowCodes },
  { room: 'expressions', about: '`${{ }}` in workflows', codes: expressionCodes },
  { room: 'runs', about: 'jobs and their order', codes: runsCodes },
  { room: 'runner', about: 'steps while they run', codes: runnerCodes },
  { room: 'release', about: 'what is made of a commit', codes: releaseCodes },
  { room: 'secrets', about: 'secrets and env files', codes: secretsCodes },
  { room: 'flags', about: 'feature flags', codes: flagsCodes },
  { room: 'wiring', about: 'ships, rollouts, going back', codes: wiringCodes },
  { room: 'targets', about: 'revisions on the machine', codes: targetsCodes },
  { room: 'docker', about: 'Docker Engines', codes: dockerCodes },
  { room: 'traffic', about: 'the router', codes: trafficCodes },
  { room: 'access', about: 'who may do what', codes: accessCodes },
  { room: 'server', about: 'the server and the way to it', codes: serverCodes },
  { room: 'supervisor', about: 'the process that keeps the others alive', codes: supervisorCodes },
  { room: 'store', about: 'the database and the audit chain', codes: storeCodes },
  { room: 'flow', about: 'durable work', codes: flowCodes },
];
