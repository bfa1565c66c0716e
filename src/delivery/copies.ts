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

/** Web copies that a revision has when all run. */
export function webReplicas(revision: Revision | null): number {
  return (revision && webProcess(revision)?.replicas) ?? 0;
}

/** Whether the web copies of two revisions may not run at once. */
export function mustBeAlone(one: Revision | null, other: Revision | null): boolean {
  const both = [one, other].map((revision) => revision && webProcess(revision));
  return both.every((process) => process) && both.some((process) => process?.alone);
}

/** The first web copies of a revision. */
export function webCopies(revision: Revision, atMost: number): DesiredInstance[] {
  const process = webProcess(revision);
  return process ? copiesOf(revision, process).slice(0, atMost) : [];
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
  return {
    id: instanceId(sharedRevision, name, 1),
    revision,
    process: { name, command: '', replicas: 1, role: 'shared', overlap: false, alone: false, after },
  };
}

/** Whether others may rely on a copy: it runs, and no probe says otherwise. */
export function isUp(copy: InstanceObservation | undefined): boolean {
  return copy?.phase === 'running' && typeof copy.probe !== 'object';
}

/** The copy as it is seen. */
export function seenAs({ instances }: Observed, id: string): InstanceObservation | undefined {
  return instances.find((instance) => instance.id === id);
}

/** Every revision that may have copies. */
export function knownRevisions({ stable, standby, retiring, rollout }: EnvironmentState): Revision[] {
  return [stable, standby?.revision, rollout?.candidate, ...retiring.map(({ revision }) => revision)].filter(
    (revision) => !!revision,
  );
}

function copiesOf(revision: Revision, process: RevisionProcess): DesiredInstance[] {
  return Array.from({ length: process.replicas }, (_, index) => ({
    id: instanceId(revision.id, process.name, index + 1),
    revision,
    process,
  }));
}
