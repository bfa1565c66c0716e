import { didYouMean } from '../diagnostics/index.ts';
import type { WorkflowFile } from './file.ts';
import type { ActionRuns } from './model.ts';
import { parseSteps } from './parse-steps.ts';
import type { Entry } from './reader.ts';
import { compositeStepRules } from './step-rules.ts';

const ways = ['composite', 'node12', 'node16', 'node20', 'node24', 'docker'];

const dockerKeys = [
  'image',
  'entrypoint',
  'args',
  'env',
  'pre-entrypoint',
  'pre-if',
  'post-entrypoint',
  'post-if',
];
const nodeKeys = ['main', 'pre', 'pre-if', 'post', 'post-if'];
const compositeKeys = ['steps'];
const allKeys = [...new Set(['using', ...dockerKeys, ...nodeKeys, ...compositeKeys])];

type Fields = Map<string, Entry>;

/** Reads `runs` of an action; undefined where it cannot be told how it runs. */
export function parseActionRuns(file: WorkflowFile, entry: Entry): ActionRuns | undefined {
  const example = 'begin with `using: composite` or `using: node24` below it';
  const fields = file.fields(entry.value, { of: '`runs`', known: allKeys, example }, entry.keyAt);
  if (!fields) return undefined;
  const using = readUsing(file, fields.get('using'), entry);
  if (using === undefined) return undefined;
  if (using === 'composite') return composite(file, fields, entry);
  return using === 'docker' ? docker(file, fields, entry) : javascript(file, using, { fields, entry });
}

/** The way it runs, in lower case: the official runner does not mind capitals. */
function readUsing(file: WorkflowFile, entry: Entry | undefined, runs: Entry): string | undefined {
  if (!entry) {
    const help = 'add `using: composite`, or `using: node24`';
    file.error('missing-key', '`runs` does not say `using` what', runs.keyAt, { help });
    return undefined;
  }
  const using = file.text(entry, '`using`', 'fixedText');
  if (!using || ways.includes(using.text.toLowerCase())) return using?.text.toLowerCase();
  const near = /^node\d+$/i.test(using.text) ? 'node24' : didYouMean(using.text, ways);
  file.error('invalid-value', `actions do not run with "${using.text}"`, using.at, {
    notes: [`ways to run: ${ways.join(', ')}`],
    help:
      near === undefined ? 'use `node24` for JavaScript, `composite` for steps' : `did you mean \`${near}\`?`,
  });
  return undefined;
}

/** Reports keys that belong to another way to run. */
function only(file: WorkflowFile, fields: Fields, known: readonly string[], using: string): void {
  for (const { key, keyAt } of fields.values()) {
    if (key === 'using' || known.includes(key)) continue;
    const notes = [`keys beside \`using: ${using}\`: ${known.join(', ')}`];
    const message = `\`${key}\` does not belong to \`using: ${using}\``;
    file.error('conflicting-keys', message, keyAt, { notes, help: 'remove one of the two' });
  }
}

function composite(file: WorkflowFile, fields: Fields, { keyAt }: Entry): ActionRuns {
  only(file, fields, compositeKeys, 'composite');
  const steps = fields.get('steps');
  if (!steps) {
    const help = 'add `steps:` with `- run: …` and `shell: bash`';
    file.error('missing-key', 'the action has no `steps`', keyAt, { help });
  }
  return { kind: 'composite', steps: parseSteps(file, steps, compositeStepRules, keyAt) };
}

function javascript(
  file: WorkflowFile,
  using: string,
  { fields, entry }: { fields: Fields; entry: Entry },
): ActionRuns {
  only(file, fields, nodeKeys, using);
  const path = (key: string) => file.text(fields.get(key), `\`${key}\``, 'fixedText')?.text;
  const [main, pre, post] = [path('main'), path('pre'), path('post')];
  if (!fields.has('main')) {
    const help = 'add `main: index.js`, the path from the folder of this file';
    file.error('missing-key', 'the action does not name its script: `main` is missing', entry.keyAt, {
      help,
    });
  }
  const preIf = file.condition(fields.get('pre-if'), 'actionIf', {});
  const postIf = file.condition(fields.get('post-if'), 'actionIf', {});
  for (const when of ['pre', 'post']) pointless(file, fields, `${when}-if`, when);
  return {
    kind: 'javascript',
    nodeMajor: Number(using.slice('node'.length)),
    main: main ?? '',
    ...(pre !== undefined && { pre }),
    ...(preIf && { preIf }),
    ...(post !== undefined && { post }),
    ...(postIf && { postIf }),
  };
}

function docker(file: WorkflowFile, fields: Fields, { keyAt }: Entry): ActionRuns {
  only(file, fields, dockerKeys, 'docker');
  const image = file.text(fields.get('image'), '`image`', 'fixedText');
  if (!fields.has('image')) {
    const help = 'add `image: Dockerfile`, or `image: docker://…`';
    file.error('missing-key', 'the action does not name its `image`', keyAt, { help });
  }
  const args = fields.get('args');
  for (const item of args ? (file.items(args.value, '`args`', args.keyAt) ?? []) : [])
    file.checked(
      file.template(item, 'an item of `args`', file.at(item, keyAt), 'allowed'),
      'dockerAction',
      {},
    );
  file.map(fields.get('env'), '`env`', { place: 'dockerAction', owner: {}, dynamic: false });
  for (const key of ['entrypoint', 'pre-entrypoint', 'post-entrypoint'])
    file.text(fields.get(key), `\`${key}\``, 'fixedText');
  for (const when of ['pre', 'post']) {
    file.condition(fields.get(`${when}-if`), 'actionIf', {});
    pointless(file, fields, `${when}-if`, `${when}-entrypoint`);
  }
  return { kind: 'docker', image: image?.text ?? '', at: image?.at ?? keyAt };
}

function pointless(file: WorkflowFile, fields: Fields, key: string, without: string): void {
  const entry = fields.get(key);
  if (!entry || fields.has(without)) return;
  const message = `\`${key}\` without \`${without}\` does nothing`;
  file.report('warning', 'no-effect', message, entry.keyAt, { help: `add \`${without}\`, or remove it` });
}
