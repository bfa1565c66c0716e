import { isMap, isScalar } from 'yaml';
import type { Node } from 'yaml';
import { defaults } from './defaults.ts';
import { formatDuration } from './duration.ts';
import { judge } from './judge-shape.ts';
import type { CanaryStep, Hold, JudgeDefinition, StrategyDefinition } from './model.ts';
import { cookiePair, headerPair } from './notation.ts';
import { integer } from './numbers.ts';
import { about, duration, flag, notEmpty, object } from './shapes.ts';
import type { Entry, JsonSchema, Located, Reader, RefusedKey, Shape } from './shapes.ts';
import { holdShape, stepList, type WrittenStep } from './step-shape.ts';

/** A strategy as written: what belongs beside it in an environment may stand within it. */
export interface WrittenStrategy {
  definition: StrategyDefinition;
  judge: Entry<JudgeDefinition | null> | null;
  bake: Located<number> | null;
}

const misplacedJudge: Record<string, RefusedKey> = {
  judge: {
    code: 'app/misplaced-key',
    reason: 'a judge stands beside the strategy, or within a canary',
    help: 'move it to the left, beside "strategy"',
  },
};

const rolling = object(
  {
    batch: about(integer(1, 64), 'Copies that are replaced at a time.', defaults.rollingBatch),
    unavailable: about(
      integer(0, 63),
      'Old copies that may stop before their successors are ready, where there is no room for both.',
      0,
    ),
    pause: about(duration('30s'), 'Pause after each batch.', '0s'),
  },
  { example: '{ batch: 2 }', emptyIsNone: true, refused: misplacedJudge },
);

const blueGreen = object(
  {
    preview: about(flag, 'Whether the new revision is reached at preview.<host> before the switch.', false),
    hold: about(holdShape, 'What the switch waits for: a duration, or "approval".'),
  },
  { example: '{ preview: true, hold: approval }', emptyIsNone: true, refused: misplacedJudge },
);

const testers = notEmpty(
  object(
    {
      header: about(headerPair, 'Requests with this header go to the canary.'),
      cookie: about(cookiePair, 'Requests with this cookie go to the canary.'),
    },
    { example: '{ header: "x-canary: yes" }' },
  ),
  'name a header or a cookie, such as header: "x-canary: yes"',
);

const canary = object(
  {
    steps: about(
      stepList,
      'Shares of traffic, rising to 100%; a step may wait for something, or turn feature flags.',
      defaults.canaryWeights.map((weight) => `${weight}%`),
    ),
    hold: about(
      holdShape,
      'What each step that does not say so itself waits for: a duration, or "approval".',
      formatDuration(defaults.canaryHoldMs),
    ),
    sticky: about(flag, 'Whether a session stays with the revision that it saw first.', true),
    testers: about(testers, 'Requests that reach the canary whatever its share.'),
    judge: about(
      judge,
      'How the canary is judged while it has traffic; the same as "judge" beside the strategy. Without it: as by `balanced`.',
    ),
  },
  { example: '{ steps: [10%, 50%, 100%] }', emptyIsNone: true },
);

const fields = {
  rolling,
  'blue-green': blueGreen,
  canary,
  bake: about(duration('10m'), 'The watch after 100 %; the same as "bake" beside the strategy.'),
};
const written = object(fields, {
  example: '{ canary: { steps: [10%, 50%, 100%] } }',
  refused: misplacedJudge,
});

/** One kind with its settings. */
function schemaOf(kind: (typeof kinds)[number]): JsonSchema {
  const one = object({ [kind]: fields[kind], bake: fields.bake }, { example: '' });
  return { ...one.schema, required: [kind] };
}

const kinds = ['rolling', 'blue-green', 'canary'] as const;
type Written = NonNullable<ReturnType<typeof written.read>>;

/** The name of a strategy, or a strategy with its settings. */
export const strategy: Shape<WrittenStrategy> = {
  expects: 'rolling, blue-green, canary, or one of them with its settings',
  example: 'canary',
  schema: { anyOf: [{ enum: kinds }, ...kinds.map(schemaOf)] },
  read(node, reader, path) {
    if (isScalar(node) && typeof node.value === 'string') {
      const kind = kinds.find((one) => one === node.value);
      if (kind !== undefined) return strategyFrom(kind, {});
      return reader.report('app/bad-value', `"${node.value}" is not a strategy`, reader.span(node), {
        notes: [`allowed: ${kinds.join(', ')}`],
        help: 'write it like this: strategy: blue-green',
      });
    }
    if (!isMap(node)) return reader.wrongType(strategy, node, path);
    const before = reader.findings.length;
    const values = written.read(node, reader, path) ?? {};
    const named = kinds.filter((kind) => node.has(kind));
    const [kind] = named;
    if (kind !== undefined && named.length === 1) {
      return values[kind] === undefined ? undefined : strategyFrom(kind, values);
    }
    return reader.findings.length > before ? undefined : reportKinds(named, { node, reader, path });
  },
};

function reportKinds(
  named: string[],
  { node, reader, path }: { node: Node; reader: Reader; path: string },
): undefined {
  if (named.length > 1) {
    const message = `${path} is ${named.join(' and ')} at once`;
    return reader.report('app/impossible', message, reader.span(node), { help: 'keep one of them' });
  }
  return reader.report('app/missing-key', `${path} does not say which`, reader.span(node), {
    notes: [`allowed: ${kinds.join(', ')}`],
    help: 'write it like this: strategy: { canary: { steps: [10%, 50%, 100%] } }',
  });
}

function strategyFrom(kind: (typeof kinds)[number], values: Written): WrittenStrategy {
  const bake = values.bake ?? null;
  const none: Hold = { kind: 'none' };
  if (kind === 'rolling') {
    const rules = values.rolling?.value;
    const batch = rules?.batch?.value ?? defaults.rollingBatch;
    const definition = {
      kind,
      batch,
      unavailable: rules?.unavailable?.value ?? 0,
      pauseMs: rules?.pause?.value ?? 0,
    };
    return { definition, judge: null, bake };
  }
  if (kind === 'blue-green') {
    const rules = values['blue-green']?.value;
    const definition = { kind, preview: rules?.preview?.value ?? false, hold: rules?.hold?.value ?? none };
    return { definition, judge: null, bake };
  }
  return { ...canaryFrom(values.canary?.value ?? {}), bake };
}

function canaryFrom(
  rules: NonNullable<ReturnType<typeof canary.read>>,
): Pick<WrittenStrategy, 'definition' | 'judge'> {
  const usual = rules.hold?.value ?? { kind: 'timer', ms: defaults.canaryHoldMs };
  const written: WrittenStep[] =
    rules.steps?.value ??
    defaults.canaryWeights.map((weightPercent) => ({ weightPercent, hold: null, flags: null }));
  const steps = written.map(({ weightPercent, hold, flags }): CanaryStep => ({
    weightPercent,
    // After 100 % the bake begins.
    hold: weightPercent === 100 ? { kind: 'none' } : (hold ?? usual),
    ...(flags ? { flags } : {}),
  }));
  return {
    definition: {
      kind: 'canary',
      steps,
      sticky: rules.sticky?.value ?? true,
      testers: rules.testers
        ? {
            header: rules.testers.value.header?.value ?? null,
            cookie: rules.testers.value.cookie?.value ?? null,
          }
        : null,
    },
    judge: rules.judge ?? null,
  };
}
