import { copyJson, type Json, type NewEvent } from '../flow/index.ts';
import type { EnvironmentState, RolloutOutcome } from './environment.ts';
import type { Revision } from './revision.ts';

/** One that is not remembered any more counts as older than all that are. */
const rememberedReleases = 200;

/** How a rollout ended, for whoever waits for it. */
export interface RolloutResult {
  rollout: string;
  outcome: RolloutOutcome;
  /** The revision that the rollout was about, when it got that far. */
  revision: string | null;
  reason: string;
  logTail: string[];
}

/** The next state while a plan works it out, with the events and replies that must be written together with it. */
export class Draft {
  readonly state: EnvironmentState;
  readonly events: NewEvent[] = [];
  readonly replies: { flowId: string; result: RolloutResult }[] = [];

  constructor(before: EnvironmentState) {
    this.state = copyJson(before);
  }

  /** Notes a decision in the environment's chain. */
  event(type: string, actor: string, data: { [key: string]: Json }): void {
    this.events.push({ chain: this.state.scope, type, actor, data });
  }

  /** Remembers in which order releases changed the data of this environment. */
  noteRelease({ release, migration }: Revision): void {
    const { releases } = this.state;
    if (releases.some(({ digest }) => digest === release.digest)) return;
    this.state.releases = [...releases, { ...release, irreversible: migration.irreversible }].slice(
      -rememberedReleases,
    );
  }

  /** Ends a rollout, or a request that never became one. */
  finish(
    ended: { rolloutId: string; replyTo: string | null },
    { outcome, reason, logTail }: { outcome: RolloutOutcome; reason: string; logTail: string[] },
    revision: string | null,
  ): void {
    const result: RolloutResult = { rollout: ended.rolloutId, outcome, revision, reason, logTail };
    this.event(`rollout.${outcome}`, 'slipway', { ...result });
    if (ended.replyTo !== null) this.replies.push({ flowId: ended.replyTo, result });
  }
}
