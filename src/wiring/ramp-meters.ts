import type { MetricDefinition, MetricSource } from '../app/index.ts';
import type { MetricReading } from '../delivery/index.ts';
import { isGoing, type Ramp } from '../flags/index.ts';
import { LookedAt } from './judge/looked-at.ts';
import { meterOf, type MeterParts } from './judge/meter-of.ts';
import type { Meter } from './judge/meter.ts';

/** Reads metrics of variants, as those of rollouts are read: a variant is measured in place of a revision. */
export class RampMeters {
  readonly #parts: MeterParts;
  readonly #begin: typeof meterOf;
  /** By ramp. */
  readonly #meters = new LookedAt<Meter>((meter) => meter.want([]));

  /** @param begin - For tests. */
  constructor(parts: MeterParts, begin = meterOf) {
    this.#parts = parts;
    this.#begin = begin;
  }

  /** Begins to read what the ramp's judge asks for, and gives the newest readings by metric. */
  look(scope: string, ramp: Ramp): Record<string, MetricReading> {
    const { id, rules, release, variant, rest } = ramp;
    if (rules.metrics.length === 0 || !isGoing(ramp)) return {};
    const meter = this.#meters.look(id, () => this.#begin(scope, this.#parts));
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
    this.#meters.forget(id);
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
