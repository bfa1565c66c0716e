import type { MetricDefinition, MetricSource } from '../app/index.ts';
import type { MetricReading } from '../delivery/index.ts';
import { isGoing, type Ramp } from '../flags/index.ts';
import { Meter } from './judge/meter.ts';
import type { MetricPlace } from './judge/gauge-of.ts';

/** A ramp that has not been looked at for so long is another server's by now. */
const forgottenAfterMs = 300_000;

type RampPlace = Omit<MetricPlace, 'scope' | 'filesOf'> & {
  /** Folder of a release's files. */
  filesOf: (app: string, release: string) => Promise<string>;
};

/** Reads metrics of variants, as those of rollouts are read: a variant is measured in place of a revision. */
export class RampMeters {
  readonly #place: RampPlace;
  /** By ramp. */
  readonly #meters = new Map<string, { meter: Meter; timer: NodeJS.Timeout }>();

  constructor(place: RampPlace) {
    this.#place = place;
  }

  /** Begins to read what the ramp's judge asks for, and gives the newest readings by metric. */
  look(scope: string, ramp: Ramp): Record<string, MetricReading> {
    const { id, rules, release, variant, rest } = ramp;
    if (rules.metrics.length === 0 || !isGoing(ramp)) return {};
    const { meter, timer } = this.#meters.get(id) ?? this.#begin(scope, ramp);
    timer.refresh();
    const measured = (name: string) => ({ id: name, copies: [] });
    const [candidate, stable] = [measured(variant), measured(rest)];
    meter.want(
      rules.metrics.map((metric) => ({
        rollout: id,
        metric: asOfRevisions(metric),
        release,
        candidate,
        stable,
      })),
    );
    return meter.readings();
  }

  forget({ id }: Ramp): void {
    const known = this.#meters.get(id);
    known?.meter.want([]);
    clearTimeout(known?.timer);
    this.#meters.delete(id);
  }

  #begin(scope: string, ramp: Ramp): { meter: Meter; timer: NodeJS.Timeout } {
    const timer = setTimeout(() => this.forget(ramp), forgottenAfterMs).unref();
    const { filesOf, ...place } = this.#place;
    const [app = ''] = scope.split('/');
    const ofApp = (release: string) => filesOf(app, release);
    const begun = { meter: new Meter({ ...place, scope, filesOf: ofApp }), timer };
    this.#meters.set(ramp.id, begun);
    return begun;
  }
}

function asOfRevisions(metric: MetricDefinition): MetricDefinition {
  return { ...metric, source: withRevision(metric.source) };
}

function withRevision(source: MetricSource): MetricSource {
  const named = (text: string) => text.replaceAll(/\$variant(?!\w)/g, '$revision');
  if (source.kind === 'prometheus') return { ...source, url: named(source.url), query: named(source.query) };
  if (source.kind === 'http') return { ...source, url: named(source.url) };
  return source.kind === 'command' ? { ...source, command: named(source.command) } : source;
}
