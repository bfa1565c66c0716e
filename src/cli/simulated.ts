import {
  defaultEnvironments,
  judgeLevels,
  type App,
  type CanaryStep,
  type JudgeLevel,
} from '../app/index.ts';
import type { EnvironmentDefinition } from '../app/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import {
  planOf,
  steadyTraffic,
  usualBursts,
  usualStalls,
  type Candidate,
  type Question,
  type Traffic,
} from '../simulation/index.ts';
import { unknownEnvironment } from './known-environment.ts';

/** What the flags of `simulate` wish for. */
export interface SimulationWishes {
  judge?: JudgeLevel;
  steps?: CanaryStep[];
  requests?: number;
  session?: number;
  errors?: number;
  badErrors?: number;
  slow?: number;
  cluster?: number;
  noise?: boolean;
  stalls?: boolean;
}

/** The name of an environment that nobody wrote. */
const unnamed = 'app';

/**
 * What is to be simulated: the app's environment, changed as the flags say.
 *
 * @param app - Null outside of a repository: then the defaults are.
 * @param recorded - What the router has counted; flags go first.
 * @throws CodedError `cli/which-environment`, `cli/unknown-target`; `cli/nothing-to-judge` where no user would be on both
 * revisions and no bound is set.
 */
export function questionOf(
  app: App | null,
  named: string | undefined,
  { wishes, recorded }: { wishes: SimulationWishes; recorded: Partial<Traffic> },
): Question {
  const environment = environmentOf(app, named);
  const strategy: EnvironmentDefinition['strategy'] =
    wishes.steps || !app
      ? { kind: 'canary', steps: wishes.steps ?? defaultSteps, sticky: true, testers: null }
      : environment.strategy;
  const rules = wishes.judge ? judgeLevels[wishes.judge] : (environment.judge ?? judgeLevels.balanced);
  const plan = planOf({ ...environment, strategy }, app?.webProcess ?? undefined);
  const traffic = modelOf(wishes, recorded);
  if (
    plan.steps.every(({ weightPercent }) => weightPercent === 100) &&
    rules.errorRate === null &&
    rules.p95Ms === null
  )
    throw nothingToJudge(environment.name, strategy.kind);
  return {
    app: app?.name ?? unnamed,
    environment: environment.name,
    simulation: { plan, rules, traffic, lookMs: 250 },
    candidates: candidatesOf(wishes, traffic),
  };
}

const minute: CanaryStep['hold'] = { kind: 'timer', ms: 60_000 };
const defaultSteps: CanaryStep[] = [10, 50].map((weightPercent) => ({ weightPercent, hold: minute }));

function environmentOf(app: App | null, named: string | undefined): EnvironmentDefinition {
  const all = app?.environments ?? defaultEnvironments(unnamed, 'main');
  const names = all.map(({ name }) => name);
  const wanted = named ?? (names.includes('production') || names.length > 1 ? 'production' : names[0]);
  const found = all.find(({ name }) => name === wanted);
  if (found) return found;
  if (named !== undefined) throw unknownEnvironment(named, names);
  throw new CodedError('cli/which-environment', 'it is not clear which environment is meant', {
    notes: [`environments: ${names.join(', ')}`],
    help: 'name one of them after the command',
  });
}

function nothingToJudge(environment: string, kind: string): CodedError {
  return new CodedError(
    'cli/nothing-to-judge',
    `users of ${environment} are never on both revisions, so there is nothing to compare`,
    {
      notes: [`its strategy is ${kind}, and its judge has no bound of its own`],
      help: 'try steps: slipway simulate --steps 10%,50%',
    },
  );
}

function modelOf(wishes: SimulationWishes, recorded: Partial<Traffic>): Traffic {
  const { requests, session, errors, cluster, noise, stalls } = wishes;
  const usual = { ...steadyTraffic(50), ...recorded };
  return {
    ...usual,
    requestsPerMinute: requests ?? usual.requestsPerMinute,
    requestsPerSession: cluster ?? session ?? usual.requestsPerSession,
    errorShare: errors ?? usual.errorShare,
    failures: cluster === undefined ? 'apart' : 'together',
    bursts: noise ? usualBursts : null,
    stalls: stalls ? usualStalls : null,
  };
}

/** A good one, and bad ones: those of the flags, or three that often happen. */
function candidatesOf({ badErrors, slow }: SimulationWishes, { errorShare }: Traffic): Candidate[] {
  const failing = (share: number): Candidate => ({
    name: `${Number((share * 100).toPrecision(3))} % of requests fail`,
    errorShare: share,
    slowdown: 1,
  });
  const slower = (times: number): Candidate => ({
    name: `${times} times as slow`,
    errorShare,
    slowdown: times,
  });
  const good: Candidate = { name: 'as good as the old', errorShare, slowdown: 1 };
  const asked = [
    ...(badErrors === undefined ? [] : [failing(badErrors)]),
    ...(slow === undefined ? [] : [slower(slow)]),
  ];
  if (asked.length > 0) return [good, ...asked];
  const worse = [10, 2.5].map((times) => worseShare(errorShare, times)).filter((one) => one > errorShare);
  return [good, ...worse.map(failing), slower(1.6)];
}

/** So many times as many requests fail; where most fail already, so many times fewer succeed. */
function worseShare(errorShare: number, times: number): number {
  const least = Math.max(errorShare, 0.002);
  return Number(Math.min(times * least, 1 - (1 - least) / times).toPrecision(12));
}
