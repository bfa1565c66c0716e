import { isMap } from 'yaml';
import type { Place } from './availability.ts';
import type { Owner, WorkflowFile } from './file.ts';
import type { Concurrency } from './model.ts';
import { lacks, type Entry } from './reader.ts';

/** Reads `concurrency`: a group, or a mapping with one. */
export function parseConcurrency(
  file: WorkflowFile,
  entry: Entry | undefined,
  place: Place,
  owner: Owner,
): Concurrency | undefined {
  if (!entry) return undefined;
  const at = entry.keyAt;
  if (!isMap(entry.value)) {
    // GitHub takes an empty group for a workflow, and not for a job.
    const group = file.text(
      entry,
      '`concurrency`',
      place,
      owner,
      owner.jobId === undefined ? 'allowed' : 'refused',
    );
    return group && group.text !== '' ? { at, group, queue: 'single' } : undefined;
  }
  const known = ['group', 'cancel-in-progress', 'queue'];
  const dynamic = file.refusedKey('`concurrency`', place, owner);
  const fields = file.fields(entry.value, { of: '`concurrency`', known, dynamic }, at);
  const group = file.text(fields?.get('group'), '`group`', place, owner);
  const cancelInProgress = file.flag(fields?.get('cancel-in-progress'), place, owner);
  const queue = readQueue(file, fields?.get('queue'));
  if (queue === 'max' && cancelInProgress?.text === 'true') {
    const message = '`queue: max` and `cancel-in-progress: true` cannot stand together';
    const help = 'keep the queue, or end what runs; not both';
    file.error('conflicting-keys', message, fields?.get('queue')?.keyAt ?? at, { help });
  }
  if (lacks(fields, 'group')) {
    file.error('missing-key', '`concurrency` has no `group`', at, { help: 'add `group: ${{ github.ref }}`' });
  }
  return group && { at, group, ...(cancelInProgress && { cancelInProgress }), queue };
}

function readQueue(file: WorkflowFile, entry: Entry | undefined): Concurrency['queue'] {
  const queue = file.text(entry, '`queue`', 'fixedText');
  if (!queue || queue.text === 'single' || queue.text.includes('${{')) return 'single';
  if (queue.text === 'max') return 'max';
  file.error('invalid-value', `"${queue.text}" is no way to queue`, queue.at, {
    notes: ['allowed: single, max'],
  });
  return 'single';
}
