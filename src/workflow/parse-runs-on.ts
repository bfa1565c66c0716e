import { isMap, isSeq } from 'yaml';
import type { Span } from '../diagnostics/index.ts';
import type { Owner, WorkflowFile } from './file.ts';
import type { StepsJob, Template } from './model.ts';
import { lacks, type Entry } from './reader.ts';
import { refusedLabel } from './runner-labels.ts';

/** Reads `runs-on`: a label, labels, or a mapping with a group and labels. */
export function parseRunsOn(
  file: WorkflowFile,
  entry: Entry | undefined,
  owner: Owner,
  jobAt: Span,
): Pick<StepsJob, 'runsOn' | 'runsOnGroup'> {
  if (!entry) {
    const help = 'add `runs-on: ubuntu-latest`';
    file.error('missing-key', 'the job does not say where it runs: `runs-on` is missing', jobAt, { help });
    return { runsOn: [] };
  }
  if (!isMap(entry.value)) return { runsOn: readLabels(file, entry, owner) };
  const dynamic = file.refusedKey('`runs-on`', 'runsOn', owner);
  const keys = { of: '`runs-on`', known: ['group', 'labels'], dynamic };
  const fields = file.fields(entry.value, keys, entry.keyAt);
  const group = file.text(fields?.get('group'), '`group`', 'runsOn', owner);
  if (group) checkGroup(file, group);
  if (fields?.has('group')) {
    const help = 'write `runs-on: self-hosted`';
    file.refuse(owner, 'not-supported', 'runner groups are not supported yet', entry.keyAt, { help });
  } else if (lacks(fields, 'labels')) refuseNoLabel(file, entry, owner);
  const labels = fields?.get('labels');
  return { runsOn: labels ? readLabels(file, labels, owner) : [], ...(group && { runsOnGroup: group }) };
}

function readLabels(file: WorkflowFile, entry: Entry, owner: Owner): Template[] {
  const labels = file.templates(entry.value, `\`${entry.key}\``, entry.keyAt);
  if (isSeq(entry.value) && entry.value.items.length === 0) refuseNoLabel(file, entry, owner);
  for (const label of labels) {
    file.checked(label, 'runsOn', owner);
    const refusal = label.text.includes('${{') ? undefined : refusedLabel(label.text);
    if (!refusal) continue;
    const { message, notes, help } = refusal;
    file.refuse(owner, 'not-supported', message, label.at, { notes, help });
  }
  return labels;
}

function refuseNoLabel(file: WorkflowFile, entry: Entry, owner: Owner): void {
  const help = 'write `runs-on: ubuntu-latest`';
  file.refuse(owner, 'missing-key', `\`${entry.key}\` lists no label`, entry.keyAt, { help });
}

/** `name`, `organization/name` or `enterprise/name`. */
function checkGroup(file: WorkflowFile, { text, at }: Template): void {
  if (text.includes('${{')) return;
  const [first = '', name, ...rest] = text.split('/');
  const owners = ['org', 'organization', 'ent', 'enterprise'];
  if (name === undefined || (owners.includes(first) && name !== '' && rest.length === 0)) return;
  file.error('invalid-value', `"${text}" cannot be the name of a runner group`, at, {
    notes: ['forms: name, organization/name, enterprise/name'],
  });
}
