import { isMap, isScalar } from 'yaml';
import type { Node, YAMLMap } from 'yaml';
import { unreachable } from '../diagnostics/index.ts';
import { defaults } from './defaults.ts';
import { sourceShapes, type WrittenMetric } from './metric-source.ts';
import type { MetricDefinition, MetricSource } from './model.ts';
import { listOf } from './shapes.ts';
import type { Located, Reader, Shape } from './shapes.ts';

const sourceKeys = ['prometheus', 'http', 'command', 'log', 'resource'] as const;
const example = '{ resource: memory, times: 1.5 }';

type SourceName = keyof typeof sourceShapes;

/** One metric, with the place of its name for what is said of it among others. */
const metric: Shape<Located<MetricDefinition>> = {
  expects: `a metric such as ${example}`,
  example,
  schema: { anyOf: Object.values(sourceShapes).map(({ schema }) => schema) },
  read(node, reader, path) {
    if (!isMap(node)) return reader.wrongType(metric, node, path);
    const source = sourceOf(node, reader, path);
    const written = source && sourceShapes[source].read(node, reader, path);
    if (!written || !isBound(written, { node, reader, path })) return undefined;
    if (!tellsApart(written, reader, path)) return undefined;
    return {
      value: {
        name: written.name?.value ?? source,
        source: written.source,
        below: written.below?.value ?? null,
        above: written.above?.value ?? null,
        times: written.times?.value ?? null,
        intervalMs: written.every?.value ?? defaults.metricIntervalMs,
        failures: written.failures?.value ?? defaults.metricFailures,
      },
      at: written.name?.at ?? written.sourceAt,
    };
  },
};
const list = listOf(metric);

/** What the judge measures beside traffic; each has a name of its own. */
export const metrics: Shape<MetricDefinition[]> = {
  ...list,
  read(node, reader, path) {
    const written = list.read(node, reader, path)?.map(({ value }) => value);
    const names = new Set<string>();
    for (const { value, at } of written ?? []) {
      if (names.has(value.name)) {
        reader.report('app/duplicate-item', `${path}: two metrics are called "${value.name}"`, at, {
          help: `give one of them a "name" of its own: name: ${value.name}-2`,
        });
      }
      names.add(value.name);
    }
    return written?.map(({ value }) => value);
  },
};

function sourceOf(node: YAMLMap, reader: Reader, path: string): SourceName | undefined {
  const [first, second] = sourceKeys.filter((key) => node.has(key));
  const more = {
    notes: [`allowed: one of ${sourceKeys.join(', ')}`],
    help: `write it like this: - ${example}`,
  };
  if (second) {
    const message = `${path}: this metric comes from "${first}" and from "${second}"`;
    return reader.report('app/impossible', message, reader.span(node), { help: 'write two metrics' });
  }
  if (first === 'resource') {
    const of = node.get('resource', true);
    return of && isScalar(of) && of.value === 'cpu' ? 'cpu' : 'memory';
  }
  if (first) return first;
  return reader.report(
    'app/missing-key',
    `${path}: this metric does not say where its value comes from`,
    reader.span(node),
    more,
  );
}

/** A metric must be held against something, and something that is possible. */
function isBound(
  { below, above, times }: WrittenMetric,
  { node, reader, path }: { node: Node; reader: Reader; path: string },
): boolean {
  if (!below && !above && !times) {
    reader.report('app/missing-key', `${path}: this metric has no bound`, reader.span(node), {
      notes: ['allowed: below, above, times'],
      help: 'add times: 1.5, for at most so many times what the old revision has',
    });
  } else if (below && above && above.value >= below.value) {
    const message = `${path}: nothing is both above this and below the other bound`;
    reader.report('app/impossible', message, above.at, { help: 'write "above" less than "below"' });
  } else return true;
  return false;
}

/** `times` compares two revisions, so its source must tell which one it measures; other bounds should. */
function tellsApart({ source, sourceAt, times }: WrittenMetric, reader: Reader, path: string): boolean {
  const picks = whatPicks(source);
  // Metrics of variants are for ramps of flags alone.
  if (picks === null || /\$(?:revision|variant)(?!\w)/.test(picks.text)) return true;
  const doesNot = `the ${picks.what} does not name the revision`;
  const help = `write $revision where it picks one: ${picks.example}`;
  if (!times) {
    reader.warn(
      'app/whole-environment',
      `${path}: ${doesNot}, so it measures the whole environment`,
      sourceAt,
      {
        notes: ['what the old revision does then counts for the new one'],
        help: `nothing has to change if that is meant; else ${help}`,
      },
    );
    return true;
  }
  reader.report('app/impossible', `${path}.times: ${doesNot}, so it would measure both at once`, times.at, {
    help,
  });
  return false;
}

/** Where a source would name the revision; null for one that has no need to. */
function whatPicks(source: MetricSource): { what: string; text: string; example: string } | null {
  switch (source.kind) {
    case 'prometheus':
      return {
        what: 'query',
        text: `${source.url} ${source.query}`,
        example: 'sum(rate(errors{revision="$revision"}[1m]))',
      };
    case 'http':
      return { what: 'URL', text: source.url, example: 'http://127.0.0.1:9100/stats?revision=$revision' };
    case 'command':
      return { what: 'command', text: source.command, example: 'bin/queue-depth $revision' };
    case 'log':
    case 'resource':
      return null;
    default:
      return unreachable(source);
  }
}
