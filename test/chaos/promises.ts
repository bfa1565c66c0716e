import { expect } from 'vitest';
import {
  answersFromNow,
  persist,
  processesOf,
  until,
  type Behaviour,
  type Rig,
  type Users,
} from '../rig/index.ts';

/** Versions that must never answer a user. The others are seen to be bad only once they have users. */
const unfit: Behaviour[] = ['never-ready', 'crashes', 'migration-fails'];

/** Waits until all is at rest and checks everything that Slipway promises, whatever has happened before. */
export async function checkPromises(rig: Rig, users: Users): Promise<void> {
  const { serving, standby } = await rig.rest();
  if (!serving) throw new Error('nothing serves');
  expect(serving.traffic?.weightPercent).toBe(100);
  expect(standby?.traffic?.weightPercent ?? 0).toBe(0);
  await expectCopies(rig, [
    ...copies(serving.revision, ['web-1', 'web-2', 'worker-1']),
    ...(standby ? copies(standby.revision, ['web-1', 'web-2']) : []),
    ...rig.place.shared,
  ]);
  await expectNothingElse(rig);
  expect(Object.keys(await answersFromNow(users, 40))).toEqual([rig.nameOf(serving)]);
  await checkUsers(users);
  await checkRecords(rig);
  checkDiaries(rig);
}

/** No request has failed, and none was answered by a version that is not fit for it. */
export async function checkUsers(users: Users): Promise<void> {
  const { failures, answers } = await users.report();
  expect(failures).toEqual([]);
  // "v7-never-ready r8"
  const wrong = Object.keys(answers).filter((who) =>
    unfit.some((behaves) => /^v\d+-(.*) /.exec(who)?.[1] === behaves),
  );
  expect(wrong).toEqual([]);
}

async function checkRecords({ client }: Rig): Promise<void> {
  const rollouts = await persist(() => client.history({ limit: 1_000 }));
  const open = rollouts.filter(
    ({ state }) => !['succeeded', 'failed', 'aborted', 'superseded'].includes(state),
  );
  expect(open).toEqual([]);
  const ships = await persist(() => client.ships({ limit: 1_000 }));
  expect(ships.filter(({ state }) => state === 'running')).toEqual([]);
  const audit = await persist(() => client.audit());
  expect(audit.problems).toEqual([]);
}

/** Exactly these copies run, each once. */
async function expectCopies(rig: Rig, ids: string[]): Promise<void> {
  const seen = await rig.place.copies();
  expect(seen.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
}

/** Nothing else of this home is there beside its server, supervisor and router, and what kept revisions need. */
async function expectNothingElse(rig: Rig): Promise<void> {
  const leaders = new Set((await rig.place.copies()).map(({ session }) => session));
  const strangers = () => {
    const all = processesOf(rig.home);
    const servers = all.filter(({ command }) => command.includes('server/main.ts'));
    // Through ssh, a server has some connections to its engine open; those of a server that is gone must be gone too.
    const connects = ({ session, command }: (typeof all)[number]) =>
      command.endsWith('docker system dial-stdio') && servers.some((server) => server.session === session);
    return all.filter(
      (one) =>
        !leaders.has(one.session) &&
        !connects(one) &&
        !/server\/main\.ts|supervisor\/main\.ts|traffic\/embedded\/main\.ts/.test(one.command),
    );
  };
  await until('no process is left over', () => strangers().length === 0, strangers);
  expect(processesOf(rig.home).filter(({ command }) => command.includes('supervisor/main.ts'))).toHaveLength(
    1,
  );
  const { serving, standby } = await rig.environment();
  const kept = [serving?.revision, standby?.revision, 'shared'];
  const unneeded = () => rig.place.networks().filter((name) => !kept.includes(name));
  await until('no network is left over', () => unneeded().length === 0, unneeded);
}

/** What the app itself has noted: no migration ran twice, and no two workers ran side by side. */
function checkDiaries(rig: Rig): void {
  const migrations = rig.appData('migrations.log').trim().split('\n');
  const good = migrations.filter((version) => version.endsWith('good'));
  expect(good).toEqual([...new Set(good)]);
  let running: string[] = [];
  for (const line of rig.appData('workers.log').trim().split('\n')) {
    const [what, revision = ''] = line.split(' ');
    running = what === 'start' ? [...running, revision] : running.filter((one) => one !== revision);
    expect(running.length, `workers side by side: ${running.join(', ')}`).toBeLessThanOrEqual(1);
  }
}

function copies(revision: string, names: string[]): string[] {
  return names.map((name) => `${revision}-${name}`);
}
