import { isMap, isScalar, isSeq } from 'yaml';
import type { Node } from 'yaml';
import type { Hold } from './model.ts';
import { percent } from './notation.ts';
import { about, duration, mapOf, notEmpty, object } from './shapes.ts';
import type { Located, Reader, Shape } from './shapes.ts';

/** One step of a canary as written; `hold` null leaves it to the strategy. */
export interface WrittenStep {
  weightPercent: number;
  hold: Hold | null;
  /** Names of variants by flag; null for none. */
  flags: Record<string, string> | null;
}

const holdTime = duration('10m');

/** `approval`, or a duration. */
export const holdShape: Shape<Hold> = {
  expects: 'a duration or "approval"',
  example: '10m',
  schema: { anyOf: [{ enum: ['approval'] }, holdTime.schema] },
  read(node, reader, path) {
    if (isScalar(node) && node.value === 'approval') return { kind: 'approval' };
    if (isScalar(node) && typeof node.value === 'string' && /^\s*[a-z]+\s*$/i.test(node.value)) {
      return reader.report(
        'app/bad-value',
        `${path}: "${node.value}" is nothing to wait for`,
        reader.span(node),
        {
          notes: ['allowed: approval, or a duration'],
          help: 'write "approval" to wait for a person, or a time such as 10m',
        },
      );
    }
    const ms = holdTime.read(node, reader, path);
    if (ms === undefined) return undefined;
    return ms === 0 ? { kind: 'none' } : { kind: 'timer', ms };
  },
};

/** `on`, which YAML reads as a text; true is a value, and flags have variants. */
const variant: Shape<string> = {
  expects: 'the name of a variant, such as on',
  example: 'on',
  schema: { type: 'string', minLength: 1 },
  read(node, reader, path) {
    if (isScalar(node) && typeof node.value === 'string' && node.value !== '') return node.value;
    if (!isScalar(node) || node.value === null || node.value === '')
      return reader.wrongType(variant, node, path);
    const written = node.source ?? JSON.stringify(node.value);
    const meant = typeof node.value === 'boolean' ? (node.value ? 'on' : 'off') : `"${written}"`;
    const message = `${path} must name a variant of the flag, and ${written} is a value`;
    return reader.report('app/wrong-type', message, reader.span(node), {
      notes: ['"on" and "off" stand for the variants whose values are true and false'],
      help: `write it like this: ${path.split('.').at(-1)}: ${meant}`,
    });
  },
};

const flags = notEmpty(
  mapOf({ expects: 'the name of a flag', example: 'new-cart', pattern: '^\\S+$' }, variant),
  'name a flag and its variant, such as { new-cart: on }',
);

const longStep = object(
  {
    weight: about(percent, 'Share of traffic.'),
    hold: about(holdShape, 'What is waited for before the next step.'),
    flags: about(
      flags,
      'Feature flags that get a variant for everybody once the share stands; a way back takes them back.',
    ),
  },
  { example: '{ weight: 10%, hold: 10m }' },
);

const step: Shape<WrittenStep> = {
  expects: 'a share such as 10%, or { weight: 10%, hold: 10m }',
  example: '10%',
  schema: { anyOf: [percent.schema, { ...longStep.schema, required: ['weight'] }] },
  read(node, reader, path) {
    if (!isMap(node)) {
      const weightPercent = percent.read(node, reader, path);
      return weightPercent === undefined ? undefined : { weightPercent, hold: null, flags: null };
    }
    const values = longStep.read(node, reader, path);
    if (values?.weight) {
      const { weight, hold, flags: written } = values;
      const variants = written && [...written.value].map(([name, { value }]) => [name, value] as const);
      return {
        weightPercent: weight.value,
        hold: hold?.value ?? null,
        flags: variants ? Object.fromEntries(variants) : null,
      };
    }
    if (node.has('weight')) return undefined;
    return reader.report('app/missing-key', `${path}: this step has no "weight"`, reader.span(node), {
      help: 'write it like this: { weight: 10%, hold: 10m }',
    });
  },
};

/** Steps of a canary: shares that rise, the last of them 100%. */
export const stepList: Shape<WrittenStep[]> = {
  expects: 'a list of shares such as [10%, 50%, 100%]',
  example: '[10%, 50%, 100%]',
  schema: { type: 'array', items: step.schema, minItems: 1 },
  read(node, reader, path) {
    if (!isSeq(node)) return reader.wrongType(stepList, node, path);
    const steps: Located<WrittenStep>[] = [];
    for (const raw of node.items) {
      const child = reader.resolve(raw as Node);
      const value = step.read(child, reader, path);
      if (value) steps.push({ value, at: reader.span(raw as Node) });
    }
    // A damaged step says nothing certain about their order.
    if (steps.length < node.items.length) return undefined;
    return rises(steps, { node, reader, path }) ? steps.map(({ value }) => value) : undefined;
  },
};

function rises(
  steps: Located<WrittenStep>[],
  { node, reader, path }: { node: Node; reader: Reader; path: string },
): boolean {
  const help = { help: 'write shares that rise to 100%, such as [10%, 50%, 100%]' };
  const falling = steps.find(
    ({ value }, index) => value.weightPercent <= (steps[index - 1]?.value.weightPercent ?? 0),
  );
  const last = steps.at(-1);
  if (falling) {
    const message = `${path}: ${falling.value.weightPercent}% is not more than the step before it`;
    reader.report('app/impossible', message, falling.at, help);
  } else if (last?.value.weightPercent !== 100) {
    const ends = last ? `end at ${last.value.weightPercent}%, not at 100%` : 'are an empty list';
    reader.report('app/impossible', `${path} ${ends}`, last?.at ?? reader.span(node), help);
  } else if (last.value.hold) {
    const message = `${path}: there is no step after 100% that "hold" could keep back`;
    reader.report('app/impossible', message, last.at, {
      help: 'remove it; "bake" of the environment is the watch after 100%',
    });
  } else return true;
  return false;
}
