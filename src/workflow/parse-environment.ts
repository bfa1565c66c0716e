import { isMap } from 'yaml';
import type { Owner, WorkflowFile } from './file.ts';
import type { StepsJob } from './model.ts';
import { lacks, type Entry } from './reader.ts';

/** Reads `environment`: a name, or a mapping with one. */
export function parseEnvironment(
  file: WorkflowFile,
  entry: Entry | undefined,
  owner: Owner,
): StepsJob['environment'] {
  if (!entry) return undefined;
  if (!isMap(entry.value)) {
    const name = file.text(entry, '`environment`', 'environment', owner, 'allowed');
    return name && name.text !== '' ? { name } : undefined;
  }
  const known = ['name', 'url', 'deployment'];
  const dynamic = file.refusedKey('`environment`', 'environment', owner);
  const fields = file.fields(entry.value, { of: '`environment`', known, dynamic }, entry.keyAt);
  const name = file.text(fields?.get('name'), '`name`', 'environment', owner, 'allowed');
  const url = file.text(fields?.get('url'), '`url`', 'environmentUrl', owner, 'allowed');
  const deployment = file.flag(fields?.get('deployment'), 'environment', owner);
  if (lacks(fields, 'name')) {
    file.error('missing-key', '`environment` has no `name`', entry.keyAt, { help: 'add `name:` under it' });
  }
  if (!name || name.text === '') return undefined;
  return { name, ...(url && url.text !== '' && { url }), ...(deployment && { deployment }) };
}
