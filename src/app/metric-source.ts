import type { Node } from 'yaml';
import type { Span } from '../diagnostics/index.ts';
import { defaults } from './defaults.ts';
import { formatDuration } from './duration.ts';
import { processorTime, regularExpression, size, webAddress } from './metric-notation.ts';
import type { MetricSource } from './model.ts';
import { word } from './notation.ts';
import { jsonPath } from './request-shape.ts';
import { integer, number } from './numbers.ts';
import { about, duration, object, text } from './shapes.ts';
import type { Entry, Fields, JsonSchema, Reader, ReadFields, Shape } from './shapes.ts';

/** A metric as written, whatever its source. */
export interface WrittenMetric {
  source: MetricSource;
  /** Of the value of the source. */
  sourceAt: Span;
  name: Entry<string> | undefined;
  below: Entry<number> | undefined;
  above: Entry<number> | undefined;
  times: Entry<number> | undefined;
  every: Entry<number> | undefined;
  failures: Entry<number> | undefined;
}

/** How a metric of one source is read; null after a mistake, which is told. */
export interface SourceShape {
  schema: JsonSchema;
  read(node: Node, reader: Reader, path: string): WrittenMetric | null;
}

const common = {
  name: about(
    text({
      expects: 'a name of a metric',
      example: 'queue-depth',
      pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$',
      allowed: 'letters, digits, "-" and "_", at most 63',
    }),
    'How the evidence calls it. Without it: the word of its source, such as `memory`.',
  ),
  times: about(number('1.5', 1), 'At most so many times what the old revision has.'),
  every: about(
    duration('10s', { positive: true }),
    'Time between two readings.',
    formatDuration(defaults.metricIntervalMs),
  ),
  failures: about(
    integer(1, 100, defaults.metricFailures),
    'Consecutive readings past a bound that take the rollout back.',
    defaults.metricFailures,
  ),
};

interface SourceRule<F extends Fields> {
  fields: F;
  /** Of `below` and `above`. */
  bound: Shape<number>;
  /** Undefined when a key is missing. */
  source: (values: ReadFields<F>) => { source: MetricSource; at: Span } | undefined;
  required: (keyof F & string)[];
}

function sourceShape<F extends Fields>({ fields, bound, source, required }: SourceRule<F>): SourceShape {
  const bounds = {
    below: about(bound, 'The value must be less.'),
    above: about(bound, 'The value must be more.'),
  };
  const shape = object({ ...fields, ...bounds, ...common }, { example: '' });
  return {
    schema: { ...shape.schema, required },
    read(node, reader, path) {
      const before = reader.findings.length;
      const values = shape.read(node, reader, path);
      if (!values || reader.findings.length > before) return null;
      const from = source(values);
      if (!from) {
        const missing = required.find((key) => !Object.hasOwn(values, key)) ?? '';
        reader.report('app/missing-key', `${path}: this metric has no "${missing}"`, reader.span(node), {
          help: `add ${missing}: ${fields[missing]?.example}`,
        });
        return null;
      }
      const { name, below, above, times, every, failures } = values as ReadFields<
        typeof bounds & typeof common
      >;
      return { source: from.source, sourceAt: from.at, name, below, above, times, every, failures };
    },
  };
}

const plain = number('0.5');

const resource = (of: 'memory' | 'cpu', bound: Shape<number>) =>
  sourceShape({
    fields: {
      resource: about(
        // Both are known to each, so that a word that is neither is told what there is.
        { ...word('a resource', ['memory', 'cpu']), schema: { enum: [of] } },
        'Memory of a copy, the largest of all; or processor time for each request.',
      ),
    },
    bound,
    required: ['resource'],
    source: (values) => values.resource && { source: { kind: 'resource', of }, at: values.resource.at },
  });

/** By what a metric is called without a name. */
export const sourceShapes = {
  prometheus: sourceShape({
    fields: {
      prometheus: about(webAddress, 'URL of a Prometheus, or of what answers its queries.'),
      query: about(
        text({ expects: 'a query', example: `'sum(rate(errors{revision="$revision"}[1m]))'` }),
        'An instant query that gives one number.',
      ),
    },
    bound: plain,
    required: ['prometheus', 'query'],
    source: ({ prometheus, query }) =>
      prometheus &&
      query && {
        source: { kind: 'prometheus', url: prometheus.value, query: query.value },
        at: query.at,
      },
  }),
  http: sourceShape({
    fields: {
      http: about(webAddress, 'URL that a GET is answered at with JSON.'),
      json: about(
        text(jsonPath),
        'Path to the number in the answer. Without it: the whole answer is the number.',
      ),
    },
    bound: plain,
    required: ['http'],
    source: ({ http, json }) =>
      http && { source: { kind: 'http', url: http.value, json: json?.value ?? '' }, at: http.at },
  }),
  command: sourceShape({
    fields: {
      command: about(
        text({ expects: 'a command', example: 'bin/queue-depth $revision' }),
        "Runs with `sh -c` on the server's machine; the last line that it prints is a number.",
      ),
      timeout: about(
        duration('10s', { positive: true }),
        'How long it may take.',
        formatDuration(defaults.metricCommandMs),
      ),
    },
    bound: plain,
    required: ['command'],
    source: ({ command, timeout }) =>
      command && {
        source: {
          kind: 'command',
          command: command.value,
          timeoutMs: timeout?.value ?? defaults.metricCommandMs,
        },
        at: command.at,
      },
  }),
  log: sourceShape({
    fields: {
      log: about(
        regularExpression,
        "Lines of the copies' logs that match it are counted, a minute and copy.",
      ),
    },
    bound: plain,
    required: ['log'],
    source: ({ log }) => log && { source: { kind: 'log', pattern: log.value }, at: log.at },
  }),
  memory: resource('memory', size),
  cpu: resource('cpu', processorTime),
};
