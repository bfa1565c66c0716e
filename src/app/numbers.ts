import { isScalar } from 'yaml';
import type { Shape } from './shapes.ts';

/** A whole number within limits, both included. */
export function integer(minimum: number, maximum: number, example = Math.max(minimum, 2)): Shape<number> {
  return numeric({
    expects: `a whole number from ${minimum} to ${maximum}`,
    example: String(example),
    schema: { type: 'integer', minimum, maximum },
    takes: (value) => Number.isInteger(value) && value >= minimum && value <= maximum,
  });
}

/** A number within limits, whole or not. */
export function number(example: string, minimum?: number): Shape<number> {
  return numeric({
    expects: minimum === undefined ? 'a number' : `a number of ${minimum} or more`,
    example,
    schema: { type: 'number', ...(minimum === undefined ? {} : { minimum }) },
    takes: (value) => Number.isFinite(value) && value >= (minimum ?? value),
  });
}

function numeric(
  rule: Pick<Shape<number>, 'expects' | 'example' | 'schema'> & { takes: (value: number) => boolean },
): Shape<number> {
  const { takes, ...shape } = rule;
  return {
    ...shape,
    read(node, reader, path) {
      if (!isScalar(node) || typeof node.value !== 'number') return reader.wrongType(rule, node, path);
      if (takes(node.value)) return node.value;
      return reader.report(
        'app/bad-value',
        `${path} must be ${rule.expects}, not ${node.value}`,
        reader.span(node),
        { help: `write it like this: ${path.split('.').at(-1)}: ${rule.example}` },
      );
    },
  };
}
