import { isMap, isScalar } from 'yaml';
import { defaults, judgeLevels } from './defaults.ts';
import { formatDuration } from './duration.ts';
import { metrics } from './metric-shape.ts';
import type { JudgeDefinition, JudgeLevel, ProbesDefinition } from './model.ts';
import { errorRateBelow, shareUpTo, timeBelow, word } from './notation.ts';
import { request } from './request-shape.ts';
import { integer } from './numbers.ts';
import { about, duration, listOf, notEmpty, object } from './shapes.ts';
import type { JsonSchema, Shape } from './shapes.ts';

const levels = Object.keys(judgeLevels) as JudgeLevel[];
const usual = judgeLevels[defaults.judge];

const probeFields = object(
  {
    'per-minute': about(
      integer(1, 600, defaults.probesPerMinute),
      'Requests a minute, to both revisions by lot.',
      defaults.probesPerMinute,
    ),
    requests: about(
      notEmpty(listOf(request), 'write a request, such as { path: /login }'),
      'What is asked for in turn, and what it must be answered.',
    ),
  },
  { example: '{ requests: [{ path: /login }] }' },
);

/** Requests of Slipway's own. */
const probes: Shape<ProbesDefinition> = {
  ...probeFields,
  schema: { ...probeFields.schema, required: ['requests'] },
  read(node, reader, path) {
    const values = probeFields.read(node, reader, path);
    if (!values || !isMap(node)) return undefined;
    const { requests } = values;
    if (requests) {
      return {
        perMinute: values['per-minute']?.value ?? defaults.probesPerMinute,
        requests: requests.value.map(({ value }) => value),
      };
    }
    if (node.has('requests')) return undefined;
    return reader.report('app/missing-key', `${path} asks for nothing`, reader.span(node), {
      help: 'write it like this: probes: { requests: [{ path: /login }] }',
    });
  },
};

const levelWord = word('a level of the judge', levels);
const level: Shape<JudgeLevel> = {
  ...levelWord,
  read(node, reader, path) {
    if (!isScalar(node) || node.value !== 'off') return levelWord.read(node, reader, path);
    return reader.report('app/bad-value', `${path}: "off" is no judge at all`, reader.span(node), {
      notes: [`allowed: ${levels.join(', ')}`],
      help: 'write judge: off, with nothing beneath it',
    });
  },
};

const settings = object(
  {
    level: about(level, 'What every number that is not written follows from.', usual.level),
    'error-rate': about(errorRateBelow, 'Share of requests that may fail.'),
    p95: about(timeBelow, 'Time within which 95 of 100 requests are answered.'),
    'min-requests': about(
      integer(1, 1_000_000, defaults.minRequests),
      'Fewer requests than these say nothing of a bound.',
      defaults.minRequests,
    ),
    'false-alarm': about(
      shareUpTo(20, '1%'),
      'Chance that a revision as good as the one before is taken back, over a whole rollout. Without it: as the level says.',
    ),
    'proven-below': about(
      shareUpTo(50, '1%'),
      'A revision of which surely fewer sessions than this fail is proven good.',
      `${usual.provenBelow * 100}%`,
    ),
    'warm-up': about(
      duration('10s'),
      'How long after its first traffic nobody looks at how slow it is.',
      formatDuration(usual.warmUpMs),
    ),
    stall: about(
      duration('1s'),
      'A copy may stand still for about so long: slowness must show in one such stretch of time after the other. 0s: each session counts by itself.',
      formatDuration(usual.stallMs),
    ),
    undecided: about(
      word('what to do while nothing is proven', ['go-on', 'hold', 'ask']),
      'What a hold that is over does while nothing is proven: go on and say so, stay until it is, or ask somebody. Without it: as the level says.',
    ),
    metrics: about(metrics, 'What else is measured, and the bounds that it must keep.', []),
    probes: about(
      probes,
      'Requests that Slipway sends by itself where users send too few. Without it: none.',
    ),
  },
  { example: '{ level: careful }' },
);
const written = notEmpty(settings, 'give it a level or a bound, such as level: careful');

/** What `judge` may be; where it may stand, the schema refers to this. */
export const judgeSchema: JsonSchema = { anyOf: [{ enum: [...levels, 'off'] }, written.schema] };

/** A level, `off`, or a mapping of numbers; null for none. */
export const judge: Shape<JudgeDefinition | null> = {
  expects: `${levels.join(', ')}, off, or a mapping`,
  example: usual.level,
  schema: { $ref: '#/$defs/judge' },
  read(node, reader, path) {
    if (isMap(node)) {
      const values = written.read(node, reader, path);
      return values && definitionFrom(values);
    }
    if (!isScalar(node) || typeof node.value !== 'string') return reader.wrongType(judge, node, path);
    if (node.value === 'off') return null;
    const level = levels.find((one) => one === node.value);
    if (level !== undefined) return judgeLevels[level];
    return reader.report('app/bad-value', `"${node.value}" is not a judge`, reader.span(node), {
      notes: [`allowed: ${judge.expects}`],
      help: `write it like this: judge: ${judge.example}`,
    });
  },
};

type Written = typeof settings extends Shape<infer T> ? T : never;

function definitionFrom(values: Written): JudgeDefinition {
  const base = judgeLevels[values.level?.value ?? defaults.judge];
  return {
    level: base.level,
    falseAlarm: values['false-alarm']?.value ?? base.falseAlarm,
    errorRate: values['error-rate']?.value ?? base.errorRate,
    p95Ms: values.p95?.value ?? base.p95Ms,
    minRequests: values['min-requests']?.value ?? base.minRequests,
    provenBelow: values['proven-below']?.value ?? base.provenBelow,
    warmUpMs: values['warm-up']?.value ?? base.warmUpMs,
    stallMs: values.stall?.value ?? base.stallMs,
    undecided: values.undecided?.value ?? base.undecided,
    metrics: values.metrics?.value ?? base.metrics,
    probes: values.probes?.value ?? base.probes,
  };
}
