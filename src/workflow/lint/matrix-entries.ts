import type { Finding, Span } from '../../diagnostics/index.ts';
import { meant } from '../meant.ts';
import type { Job, Json, MatrixSource } from '../model.ts';
import { report, type WorkflowRule } from './rule.ts';

type Literal = Extract<MatrixSource, { kind: 'literal' }>;

/** What `exclude` and `include` of a matrix that is written out cannot mean. */
export const matrixEntries: WorkflowRule = (workflow) =>
  workflow.jobs.flatMap((job) => {
    const matrix = job.strategy?.matrix;
    if (matrix?.kind !== 'literal') return [];
    return [...doubledValues(job, matrix), ...idleExcludes(job, matrix), ...doubledIncludes(job, matrix)];
  });

const shown = (value: Json) => JSON.stringify(value);
const isDynamic = (value: Json) => shown(value).includes('${{');

function doubledValues(job: Job, { axes, at }: Literal): Finding[] {
  return Object.entries(axes).flatMap(([name, axis]) => {
    if (axis.kind === 'expression') return [];
    const texts = axis.values.filter((value) => !isDynamic(value)).map((value) => shown(value));
    const doubled = new Set(texts.filter((text, index) => texts.indexOf(text) !== index));
    return [...doubled].map((text) =>
      report(
        'warning',
        'idle-matrix-entry',
        `"${name}" of job "${job.id}" lists ${text} twice, so the same job runs twice`,
        at,
        {
          help: 'remove one of them',
        },
      ),
    );
  });
}

function idleExcludes(job: Job, { axes, exclude, at }: Literal): Finding[] {
  if (exclude.kind === 'expression') return [];
  return exclude.values.flatMap((entry) => {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return [];
    return Object.entries(entry)
      .flatMap(([name, value]) => excludeMistake({ job, axes, at }, name, value) ?? [])
      .slice(0, 1);
  });
}

function excludeMistake(
  { job, axes, at }: { job: Job; axes: Literal['axes']; at: Span },
  name: string,
  value: Json,
): Finding | undefined {
  const axis = Object.hasOwn(axes, name) ? axes[name] : undefined;
  if (!axis) {
    const known = Object.keys(axes);
    return report(
      'error',
      'unknown-axis',
      `\`exclude\` of job "${job.id}" names "${name}", which the matrix does not have`,
      at,
      {
        notes: [`axes of the matrix: ${known.map((one) => `"${one}"`).join(', ') || 'none'}`],
        help: meant(name, known) ?? 'remove it; `exclude` knows nothing of what `include` adds',
      },
    );
  }
  if (axis.kind === 'expression' || isDynamic(value) || axis.values.some((one) => isDynamic(one)))
    return undefined;
  if (axis.values.some((one) => contains(one, value))) return undefined;
  const message = `\`exclude\` of job "${job.id}" matches nothing: "${name}" is never ${shown(value)}`;
  return report('warning', 'idle-matrix-entry', message, at, {
    notes: [`values of "${name}": ${axis.values.map((one) => shown(one)).join(', ')}`],
    help: 'write one of these, of the same type, or remove the entry',
  });
}

/** Whether a value of an axis is what an entry asks for; of objects, all that it asks for. */
function contains(value: Json, wanted: Json): boolean {
  const isObject = (one: Json): one is Record<string, Json> =>
    typeof one === 'object' && one !== null && !Array.isArray(one);
  if (isObject(value) && isObject(wanted))
    return Object.entries(wanted).every(
      ([key, inner]) => Object.hasOwn(value, key) && contains(value[key] ?? null, inner),
    );
  if (typeof value === 'object' || typeof wanted === 'object') return shown(value) === shown(wanted);
  return String(value).toLowerCase() === String(wanted).toLowerCase();
}

function doubledIncludes(job: Job, { include, at }: Literal): Finding[] {
  if (include.kind === 'expression') return [];
  const texts = include.values.map((value) => shown(value));
  const doubled = texts.filter((text, index) => texts.indexOf(text) !== index && !text.includes('${{'));
  return [...new Set(doubled)].map((text) =>
    report('warning', 'idle-matrix-entry', `\`include\` of job "${job.id}" lists ${text} twice`, at, {
      help: 'remove one of them',
    }),
  );
}
