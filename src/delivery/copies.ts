import { homeOf, machinesFor } from './machines.ts';
import { instanceId } from './observed.ts';
import type { InstanceObservation, Observed } from './observed.ts';
import type { EnvironmentState, RunningShared } from './environment.ts';
import type { DesiredInstance, ProcessRole, Revision, RevisionProcess } from './revision.ts';

/** Stands for a revision in the ids and observations of shared services. */
export const sharedRevision = 'shared';

/** The process that gets traffic, if the app has one. */
export function webProcess(revision: Revision): RevisionProcess | undefined {
  return revision.processes.find(({ role }) => role === 'web');
}

/** The other web copies of a revision: those past the first ones on each of its machines. */
export function webCopiesPast(revision: Revision, keptEach: number): DesiredInstance[] {
  const kept = new Set(webCopies(revision, keptEach).map(({ id }) => id));
  return webCopies(revision, Infinity).filter(({ id }) => !kept.has(id));
}

/** Web copies that a revision has on each of its machines when all run. */
export function webReplicas(revision: Revision | null): number {
  return (revision && webProcess(revision)?.replicas) ?? 0;
}

/** Whether the web copies of two revisions may not run at once. */
export function mustBeAlone(one: Revision | null, other: Revision | null): boolean {
  const both = [one, other].map((revision) => revision && webProcess(revision));
  return haveWeb(one, other) && both.some((process) => process?.alone);
}

/** Whether users go from one revision to the other. */
export function haveWeb(one: Revision | null, other: Revision | null): boolean {
  return [one, other].every((revision) => revision && webProcess(revision));
}

/** The first web copies of a revision on each of its machines. */
export function webCopies(revision: Revision, atMostEach: number): DesiredInstance[] {
  const process = webProcess(revision);
  return process ? copiesOf(revision, process, atMostEach) : [];
}

/** All copies of the processes of one role. */
export function copiesInRole(
  revision: Revision,
  role: ProcessRole,
  runs: (process: RevisionProcess) => boolean = () => true,
): DesiredInstance[] {
  return revision.processes
    .filter((process) => process.role === role && runs(process))
    .flatMap((process) => copiesOf(revision, process));
}

/** The one copy of a shared service. */
export function sharedCopy({ service, revision }: RunningShared): DesiredInstance {
  const { name, after } = service;
  const machine = homeOf(revision);
  return {
    id: instanceId(sharedRevision, name, 1, machine),
    machine,
    revision,
    process: { name, command: '', replicas: 1, role: 'shared', overlap: false, alone: false, after },
  };
}

/** Whether others may rely on a copy: it runs, and no probe says otherwise. */
export function isUp(copy: InstanceObservation | undefined): boolean {
  return copy?.phase === 'running' && typeof copy.probe !== 'object';
}

/** The copy as it is seen. */
export function seenAs(
  { instances }: Pick<Observed, 'instances'>,
  id: string,
): InstanceObservation | undefined {
  return instances.find((instance) => instance.id === id);
}

/** Every revision that may have copies. */
export function knownRevisions({ stable, standby, retiring, rollout }: EnvironmentState): Revision[] {
  return [stable, standby?.revision, rollout?.candidate, ...retiring.map(({ revision }) => revision)].filter(
    (revision) => !!revision,
  );
}

function copiesOf(revision: Revision, process: RevisionProcess, atMostEach = Infinity): DesiredInstance[] {
  const length = Math.min(process.replicas, atMostEach);
  return machinesFor(revision, process).flatMap((machine) =>
    Array.from({ length }, (_, index) => ({
      id: instanceId(revision.id, process.name, index + 1, machine),
      machine,
      revision,
      process,
    })),
  );
}
