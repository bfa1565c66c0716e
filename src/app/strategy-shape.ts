import { isMap, isScalar } from 'yaml';
import { defaults } from './defaults.ts';
import type { StrategyDefinition } from './model.ts';
import { about, integer, object } from './shapes.ts';
import type { Shape } from './shapes.ts';

const canary = {
  reason: 'canary is not in this version yet',
  help: 'use "strategy: blue-green" or "strategy: rolling" and a "bake"',
};

const rolling = object(
  {
    batch: about(integer(1, 64), 'Replicas that are replaced at a time.', defaults.rollingBatch),
  },
  { example: '{ batch: 2 }', emptyIsNone: true },
);

const written = object(
  { rolling },
  {
    example: '{ rolling: { batch: 2 } }',
    refused: {
      canary,
      'blue-green': {
        code: 'app/misplaced-key',
        reason: 'blue-green has no settings',
        help: 'write "strategy: blue-green"',
      },
      bake: {
        code: 'app/misplaced-key',
        reason: '"bake" does not belong to the strategy',
        help: 'move it beside "strategy", into the environment',
      },
    },
  },
);

/** `rolling`, `blue-green`, or `rolling` with its batch. */
export const strategy: Shape<StrategyDefinition> = {
  expects: 'rolling, blue-green, or { rolling: { batch: 2 } }',
  example: 'blue-green',
  schema: { anyOf: [{ enum: ['rolling', 'blue-green'] }, { ...written.schema, required: ['rolling'] }] },
  read(node, reader, path) {
    if (isScalar(node)) {
      if (node.value === 'blue-green') return { kind: 'blue-green', preview: false, hold: { kind: 'none' } };
      if (node.value === 'rolling') return { kind: 'rolling', batch: defaults.rollingBatch, unavailable: 0, pauseMs: 0 };
      if (node.value === 'canary') {
        return reader.report('app/not-yet', `${path}: ${canary.reason}`, reader.span(node), {
          help: canary.help,
        });
      }
      if (typeof node.value === 'string') {
        return reader.report('app/bad-value', `"${node.value}" is not a strategy`, reader.span(node), {
          notes: ['allowed: rolling, blue-green'],
          help: 'write it like this: strategy: blue-green',
        });
      }
    }
    if (!isMap(node)) return reader.wrongType(strategy, node, path);
    const rules = written.read(node, reader, path)?.rolling;
    return (
      rules && {
        kind: 'rolling',
        batch: rules.value.batch?.value ?? defaults.rollingBatch,
        unavailable: 0,
        pauseMs: 0,
      }
    );
  },
};
