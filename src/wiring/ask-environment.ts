import { emptyEnvironment } from '../delivery/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import type { Json, Transition } from '../flow/index.ts';
import type { DeployOutcome } from '../runs/index.ts';
import { environmentFlowId } from './environments.ts';

/** Sends a signal to an environment's flow, and creates the flow the first time. */
export function askEnvironment(
  { create, send }: { create: NonNullable<Transition['create']>; send: NonNullable<Transition['send']> },
  scope: string,
  { name, payload }: { name: string; payload: Json },
): void {
  const id = environmentFlowId(scope);
  create.push({ id, kind: 'environment', phase: 'empty', data: emptyEnvironment(scope), wakeAtMs: 0 });
  send.push({ flowId: id, name, payload });
}

/** Why a rollout could not even be asked for. */
export function refusal(stepIndex: number, environment: string, error: unknown): DeployOutcome {
  const reason = error instanceof Error ? error.message : String(error);
  const help = error instanceof CodedError && error.help !== undefined ? ` (${error.help})` : '';
  return {
    stepIndex,
    result: 'failure',
    outputs: { environment },
    reason: `nothing was rolled out to ${environment}: ${reason}${help}`,
  };
}
