import { isMap } from 'yaml';
import type { Owner, WorkflowFile } from './file.ts';
import type { CallJob, Template } from './model.ts';
import type { Entry } from './reader.ts';
import { peekText } from './nodes.ts';

/** Reads what a job that calls a workflow has of its own. */
export function parseCall(
  file: WorkflowFile,
  fields: Map<string, Entry>,
  owner: Owner,
): Pick<CallJob, 'uses' | 'with' | 'secrets'> {
  const uses = file.text(fields.get('uses'), '`uses`', 'fixedText');
  if (uses && !uses.text.includes('${{')) checkCalled(file, uses, owner);
  const given = file.map(fields.get('with'), '`with`', { place: 'callWith', owner, dynamic: false });
  return {
    uses: uses ?? { text: '', at: file.start },
    with: file.record(given, owner),
    secrets: readSecrets(file, fields.get('secrets'), owner),
  };
}

const localForm = 'write ./.github/workflows/name.yml';
const remoteForm = 'or owner/repository/.github/workflows/name.yml@ref';

/** The path of a workflow in this repository, or in another one at a ref. */
function checkCalled(file: WorkflowFile, { text, at }: Template, owner: Owner): void {
  const help = `${localForm}, ${remoteForm}`;
  const wrong = (message: string) => file.error('unknown-workflow', `"${text}" ${message}`, at, { help });
  const [path = '', ref, ...rest] = text.split('@');
  const isLocal = path.startsWith('./') || path.startsWith('$/');
  const inFolder = /^(?:[.$]|[^/.$][^/]*\/[^/]+)\/\.github\/workflows\/[^/]+\.ya?ml$/i.test(path);
  if (isLocal && ref !== undefined) wrong('names a ref, and a workflow of this repository comes without one');
  else if (!inFolder) wrong('is not the path of a workflow');
  else if (isLocal) return;
  else if (ref === undefined || ref === '' || rest.length > 0) wrong('names no ref of the other repository');
  else {
    const message = `the workflow "${text}" of another repository is not supported yet`;
    const instead = 'copy it into .github/workflows of this repository, and call it as ./.github/workflows/…';
    file.refuse(owner, 'not-supported', message, at, { help: instead });
  }
}

function readSecrets(file: WorkflowFile, entry: Entry | undefined, owner: Owner): CallJob['secrets'] {
  if (!entry) return {};
  const text = peekText(entry.value);
  if (text === 'inherit') return 'inherit';
  if (!isMap(entry.value) && text !== undefined) {
    const at = file.at(entry.value, entry.keyAt);
    file.error('invalid-value', `"${text}" is no way to hand on secrets`, at, {
      notes: ['allowed: inherit, or a mapping of secrets'],
    });
    return {};
  }
  const given = file.map(entry, '`secrets`', { place: 'callSecrets', owner, dynamic: false });
  return file.record(given, owner);
}
