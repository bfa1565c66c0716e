import type {
  CopyView,
  EnvironmentView,
  RampView,
  RevisionView,
  RolloutView,
  SharedView,
  StatusView,
} from '../../wiring/index.ts';
import { branchOf, short } from './marks.ts';
import { rampLines } from './ramp-lines.ts';
import { renderTable } from './table.ts';
import { harmless, paint, type Look } from './text.ts';
import { age } from './time.ts';

/** What a server and its environments do now. */
export function statusPage(status: StatusView, look: Look, nowMs: number): string[] {
  const { server } = status;
  const title = `slipway ${server.version}  http://${server.listen}  up ${age(nowMs - server.startedAtMs)}  ${server.home}`;
  return [
    paint(look, 'dim', title),
    ...(status.you
      ? [paint(look, 'dim', `you are ${status.you.name} (${status.you.proof}), ${status.you.is}`)]
      : []),
    ...server.warnings.map((warning) => `${paint(look, 'yellow', 'warning')}: ${harmless(warning)}`),
    '',
    ...(status.environments.length === 0
      ? ['no app has been shipped to this server yet; in its repository: slipway ship']
      : environmentTable(status.environments, look, nowMs)),
    ...machinesOf(status.environments, look),
    ...sharedServices(status.environments, look),
    ...brokenBounds(status.environments, look),
    ...byHand(status.environments, look),
    ...underWay(status, look, nowMs),
    ...addresses(status.environments, look),
  ];
}

function environmentTable(environments: readonly EnvironmentView[], look: Look, nowMs: number): string[] {
  const heads = ['ENVIRONMENT', 'SERVES', 'COMMIT', 'FOR', 'INSTANCES', 'TRAFFIC', 'ERRORS', 'STANDBY'];
  const rows = environments.map((view) => [
    `${view.app}/${view.environment}`,
    view.serving?.revision ?? 'nothing',
    view.serving ? short(view.serving.commit) : '',
    view.serving?.liveAtMs ? age(nowMs - view.serving.liveAtMs) : '',
    view.serving ? instances(view.serving.instances) : '',
    trafficOf(view),
    view.serving?.traffic ? String(view.serving.traffic.errors) : '',
    view.standby ? `${view.standby.revision} for ${age(view.standby.standsForMs)}` : '',
  ]);
  return renderTable({ heads, rows }, look);
}

/** Where an environment has copies, unless that is this machine alone. */
function machinesOf(environments: readonly EnvironmentView[], look: Look): string[] {
  const several = environments.filter(({ machines }) => machines.some(({ name }) => name !== 'here'));
  const rows = several.flatMap(({ app, environment, serving, machines }) =>
    machines.map(({ name, silent, traffic }, index) => [
      index === 0 ? `${app}/${environment}` : '',
      name,
      silent ? paint(look, 'yellow', `silent for ${age(silent.forMs)}`) : instances(copiesOn(name, serving)),
      traffic ? `${traffic.weightPercent} %, ${traffic.requests} requests` : '',
      traffic ? String(traffic.errors) : '',
    ]),
  );
  if (rows.length === 0) return [];
  const heads = ['MACHINES', '', 'INSTANCES', 'TRAFFIC', 'ERRORS'];
  return ['', ...renderTable({ heads, rows }, look), ...silences(several)];
}

function copiesOn(name: string, serving: RevisionView | null): CopyView[] {
  return (serving?.instances ?? []).filter(({ machine }) => machine === name);
}

/** A machine that does not answer goes on as it was; nothing new is begun without it. Why it is silent is a warning. */
function silences(environments: readonly EnvironmentView[]): string[] {
  const silent = environments.flatMap(({ machines }) => machines.filter((one) => one.silent !== null));
  return [...new Set(silent.map(({ name }) => name))].map((name) =>
    name === 'here'
      ? '  here is silent; look at it: slipway doctor'
      : `  ${name} is silent; look there: slipway status --host ${name}; or leave it out of "machines", and ship`,
  );
}

function instances(all: readonly CopyView[]): string {
  const phases = Map.groupBy(all, ({ phase }) => phase);
  const restarts = all.reduce((sum, one) => sum + one.restarts, 0);
  const counts = [...phases].map(([phase, list]) => `${list.length} ${phase}`).join(', ');
  return restarts === 0 ? counts : `${counts}, ${restarts} ${restarts === 1 ? 'restart' : 'restarts'}`;
}

/** Services that all revisions of an environment share. */
function sharedServices(environments: readonly EnvironmentView[], look: Look): string[] {
  const rows = environments.flatMap(({ app, environment, shared }) =>
    shared.map((one) => [`${app}/${environment}`, one.name, one.phase, sharedNote(one, environment)]),
  );
  if (rows.length === 0) return [];
  return ['', ...renderTable({ heads: ['SHARED BY ALL REVISIONS', 'SERVICE', '', ''], rows }, look)];
}

function sharedNote(one: SharedView, environment: string): string {
  const { name, phase, drift, changed, replacing, restarts } = one;
  if (replacing) return 'is being replaced';
  const again = restarts === 0 ? '' : `${restarts} ${restarts === 1 ? 'restart' : 'restarts'}`;
  const kept = changed
    ? `kept as it runs; its new definition: slipway apply ${name} --environment ${environment}`
    : '';
  // What was changed by hand is told by itself.
  const ended =
    phase === 'exited' && drift === null ? `it has ended; start it: slipway repair ${environment}` : '';
  return [again, ended, kept].filter((note) => note !== '').join('; ');
}

/** Where what serves does not keep what its judge asks. */
function brokenBounds(environments: readonly EnvironmentView[], look: Look): string[] {
  const lines = environments.flatMap(({ app, environment, broken, standby }) => {
    if (broken === null) return [];
    const back = standby ? `; go back: slipway rollback ${environment}` : '';
    return [`  ${app}/${environment}: ${broken}${back}`];
  });
  return lines.length === 0 ? [] : ['', paint(look, 'bold', 'Bounds that are not kept'), ...lines];
}

/** What somebody changed beside Slipway. */
function byHand(environments: readonly EnvironmentView[], look: Look): string[] {
  const lines = environments.flatMap(({ environment, serving, standby, shared }) =>
    [...(serving?.instances ?? []), ...(standby?.instances ?? []), ...shared].flatMap(({ id, drift }) =>
      drift === null ? [] : [`  ${id}: ${harmless(drift)}; mend it: slipway repair ${environment}`],
    ),
  );
  return lines.length === 0 ? [] : ['', paint(look, 'bold', 'Changed by hand'), ...lines];
}

/** While a rollout is under way, its candidate may have taken a share already. */
function trafficOf({ serving, rollout }: EnvironmentView): string {
  if (!serving?.traffic) return '';
  const { weightPercent, requests, inFlight } = serving.traffic;
  const share = rollout?.weightPercent ?? 0;
  const candidate = share === 0 ? '' : `; ${rollout?.revision ?? 'new'} ${share} %`;
  return `${weightPercent} %, ${requests} requests${inFlight === 0 ? '' : `, ${inFlight} now`}${candidate}`;
}

function underWay({ environments, ships, ramps }: StatusView, look: Look, nowMs: number): string[] {
  const rollouts = environments.flatMap(({ rollout }) => rollout ?? []);
  if (rollouts.length + ships.length + ramps.length === 0) return [];
  return [
    '',
    paint(look, 'bold', 'Under way'),
    ...ships.map((ship) => {
      const what = `${ship.app} ${short(ship.commit)} ${harmless(ship.title)}`;
      return `  ${ship.id}  ${what}  (${branchOf(ship.ref)}, ${ship.actor}, ${age(nowMs - ship.startedAtMs)})`;
    }),
    ...rollouts.flatMap(rolloutLines),
    ...ramps.flatMap((ramp) => flagLines(ramp, nowMs)),
  ];
}

function flagLines(ramp: RampView, nowMs: number): string[] {
  const { app, environment, flag, state } = ramp;
  const [stands = '', says = ''] = rampLines(ramp, nowMs);
  const back = state === 'returning' ? [] : [`    take it back: slipway flags abort ${environment} ${flag}`];
  return [`  ${app}/${environment}  ${stands}`, `  ${says}`, ...back];
}

function rolloutLines(rollout: RolloutView): string[] {
  const { next, asks, environment } = rollout;
  const by = asks?.who ? ` (by ${asks.who.join(' or ') || 'nobody: every reviewer asked for it'})` : '';
  const commands = verbsFor(rollout)
    .map((verb) => `slipway ${verb} ${environment}`)
    .join(', or: ');
  return [
    `  ${rolloutText(rollout)}`,
    ...(next === null ? [] : [`    then: ${next}`]),
    ...(commands === ''
      ? []
      : [`    ${asks?.mayNot === undefined ? 'you can' : 'waits for'}: ${commands}${by}`]),
    ...(asks?.mayNot === undefined ? [] : [`    you may not: ${harmless(asks.mayNot)}`]),
  ];
}

/** What people can say now: an abort works in every phase but on the way back, and a reject is one. */
function verbsFor({ asks, state }: RolloutView): string[] {
  const verbs: string[] = asks?.verbs ?? [];
  const isEnough = state === 'reverting' || verbs.includes('reject') || asks?.mayNot !== undefined;
  return isEnough ? verbs : [...verbs, 'abort'];
}

function rolloutText(rollout: RolloutView): string {
  const weight = rollout.state === 'shifting' ? ` ${rollout.weightPercent} %` : '';
  const what = `${rollout.app}/${rollout.environment}  ${rollout.kind} ${rollout.revision ?? ''}`.trimEnd();
  return `${what} (${short(rollout.commit)})  ${rollout.state}${weight}  ${harmless(rollout.detail)}`;
}

function addresses(environments: readonly EnvironmentView[], look: Look): string[] {
  const rows = environments.flatMap(({ app, environment, urls }) =>
    urls.map((url, index) => [index === 0 ? `${app}/${environment}` : '', url]),
  );
  if (rows.length === 0) return [];
  return ['', ...renderTable({ heads: ['REACHED AT', ''], rows }, look)];
}
