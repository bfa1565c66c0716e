import { isMap, isSeq, type Node } from 'yaml';
import type { Span } from '../diagnostics/index.ts';
import { isOneExpression, define, type Owner, type WorkflowFile } from './file.ts';
import type { Json, MatrixSource, Strategy } from './model.ts';
import type { Entry } from './reader.ts';
import { asText } from './nodes.ts';

type Literal = Extract<MatrixSource, { kind: 'literal' }>;
type List = Literal['include'];

/** Reads `strategy`; every scalar inside the matrix is checked for its expressions. */
export function parseStrategy(
  file: WorkflowFile,
  entry: Entry | undefined,
  owner: Owner,
): Strategy | undefined {
  if (!entry) return undefined;
  const keys = { of: '`strategy`', known: ['matrix', 'fail-fast', 'max-parallel'] };
  const fields = file.fieldsOrRefusal(entry, keys, 'strategy', owner);
  if (!fields) return undefined;
  const matrixEntry = fields.get('matrix');
  const matrix = matrixEntry && parseMatrix(file, matrixEntry, owner);
  const failFast = file.flag(fields.get('fail-fast'), 'strategy', owner);
  const maxParallel = file.minutes(fields.get('max-parallel'), 'strategy', owner);
  return {
    at: entry.keyAt,
    ...(matrix && { matrix }),
    ...(failFast && { failFast }),
    ...(maxParallel && { maxParallel }),
  };
}

function parseMatrix(file: WorkflowFile, entry: Entry, owner: Owner): MatrixSource | undefined {
  const { value: node, keyAt } = entry;
  const text = asText(node);
  if (text !== undefined && isOneExpression(text)) {
    const template = file.text(entry, '`matrix`', 'strategy', owner);
    return template && { kind: 'expression', template };
  }
  const entries = file.entries(node, '`matrix`', keyAt);
  if (!entries) return undefined;
  const matrix: Literal = { kind: 'literal', axes: {}, include: none(), exclude: none(), at: keyAt };
  const dynamic = file.refusedKey('`matrix`', 'strategy', owner);
  for (const axis of entries) {
    if (axis.key.includes('${{')) dynamic({ text: axis.key, at: axis.keyAt });
    else if (axis.key === 'include' || axis.key === 'exclude') matrix[axis.key] = mappings(file, axis, owner);
    else readAxis(file, axis, matrix, owner);
  }
  if (entries.every(({ key }) => key === 'include' || key === 'exclude') && isNone(matrix.include)) {
    const help = 'add an axis such as `node: [20, 22]`, or entries under `include:`';
    file.error('empty-matrix', 'the matrix has no values, so the job would never run', keyAt, { help });
  }
  return matrix;
}

const none = (): List => ({ kind: 'list', values: [] });
const isNone = (list: List) => list.kind === 'list' && list.values.length === 0;

function readAxis(file: WorkflowFile, axis: Entry, matrix: Literal, owner: Owner): void {
  const what = `the axis "${axis.key}"`;
  const list = readList(file, axis, what, owner);
  if (!list) return;
  if (isNone(list)) {
    const help = 'give it a value, or remove the axis';
    file.error('empty-matrix', `${what} has no values, so the job would never run`, axis.keyAt, { help });
  }
  define(matrix.axes, axis.key, list);
}

function readList(file: WorkflowFile, entry: Entry, what: string, owner: Owner): List | undefined {
  const { value: node, keyAt } = entry;
  const text = asText(node);
  if (text !== undefined && isOneExpression(text)) {
    const template = file.text(entry, what, 'strategy', owner);
    return template && { kind: 'expression', template };
  }
  const items = file.items(node, what, keyAt);
  return items && { kind: 'list', values: items.map((item) => checkedJson(file, item, what, keyAt, owner)) };
}

function mappings(file: WorkflowFile, entry: Entry, owner: Owner): List {
  const list = readList(file, entry, `\`${entry.key}\``, owner) ?? none();
  if (list.kind === 'expression' || !isSeq(entry.value)) return list;
  for (const item of entry.value.items) {
    if (isMap(item)) continue;
    // An expression may still yield a mapping; `expandMatrix` looks again.
    const text = asText(item as Node);
    if (text !== undefined && isOneExpression(text)) continue;
    file.wrongType(
      item as Node,
      `an item of \`${entry.key}\` must be a mapping`,
      entry.keyAt,
      'write `- axis: value`, with more lines below it where it has more',
    );
  }
  return list;
}

function checkedJson(file: WorkflowFile, node: Node, what: string, at: Span, owner: Owner): Json {
  checkScalars(file, node, at, owner, 0);
  return file.json(node, what, at);
}

function checkScalars(file: WorkflowFile, node: Node | null, at: Span, owner: Owner, depth: number): void {
  if (depth > 20) return;
  if (isSeq(node)) for (const item of node.items) checkScalars(file, item as Node, at, owner, depth + 1);
  else if (isMap(node)) {
    for (const { key, value } of node.items) {
      const name = asText(key as Node | null);
      if (name?.includes('${{'))
        file.refusedKey('a matrix value', 'strategy', owner)({ text: name, at: file.at(key as Node, at) });
      checkScalars(file, value as Node, at, owner, depth + 1);
    }
  } else if (asText(node)?.includes('${{')) {
    file.checked(file.template(node, 'a matrix value', at, 'allowed'), 'strategy', owner);
  }
}
