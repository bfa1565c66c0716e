import type { MetricDefinition } from '../../app/index.ts';
import type { MeasuredRevision } from '../../delivery/index.ts';
import { unreachable } from '../../diagnostics/index.ts';
import { runForValue } from './command-value.ts';
import type { CopyPlace } from './copies.ts';
import { filled, namesRevision, usualTimeoutMs, type Gauge, type Measured, type Subject } from './gauge.ts';
import { askHttp } from './http-value.ts';
import { LineRate } from './line-rate.ts';
import { askPrometheus } from './prometheus.ts';
import { CpuByRequest, memoryGauge } from './resource-use.ts';

/** Where metrics are read. */
export interface MetricPlace extends CopyPlace {
  nowMs: () => number;
  /** PATH of commands. */
  path: string;
}

/** A command ends itself when its time is over, and tells what it has said: it is given a moment for that. */
const commandEndMs = 2_000;

/** The gauge of a metric. */
export function gaugeOf({ source }: Pick<MetricDefinition, 'source'>, place: MetricPlace): Gauge {
  switch (source.kind) {
    case 'prometheus': {
      const { url, query } = source;
      return asking([url, query], place, ({ revision }, [at = '', asked = ''], signal) =>
        askPrometheus({ url: at, query: asked, revision }, signal),
      );
    }
    case 'http':
      return asking([source.url], place, (_, [url = ''], signal) =>
        askHttp({ url, json: source.json }, signal),
      );
    case 'command': {
      const { command: written, timeoutMs } = source;
      const gauge = asking([written], place, (subject, [command = ''], signal) =>
        runForValue({ command, timeoutMs, subject, path: place.path }, signal),
      );
      // It may look at its variables.
      return { ...gauge, tellsApart: true, timeoutMs: timeoutMs + commandEndMs };
    }
    case 'log':
      return new LineRate(source.pattern, place);
    case 'resource':
      return source.of === 'memory' ? memoryGauge(place) : new CpuByRequest(place);
    default:
      return unreachable(source);
  }
}

/** A source that is told by a text of which revision it is asked. */
function asking(
  texts: readonly string[],
  { scope }: MetricPlace,
  ask: (subject: Subject, texts: string[], signal: AbortSignal) => Promise<Measured>,
): Gauge {
  const [app = '', environment = ''] = scope.split('/');
  return {
    timeoutMs: usualTimeoutMs,
    tellsApart: texts.some(namesRevision),
    read: async ({ id }: MeasuredRevision, signal) => {
      const subject = { app, environment, revision: id };
      return ask(
        subject,
        texts.map((text) => filled(text, subject)),
        signal,
      );
    },
  };
}
