import { didYouMean } from '../diagnostics/index.ts';
import type { WorkflowFile } from './file.ts';
import type { Entry } from './reader.ts';

const levels = ['read', 'write', 'none'];
const permissions = [
  'actions',
  'artifact-metadata',
  'attestations',
  'checks',
  'contents',
  'deployments',
  'discussions',
  'id-token',
  'issues',
  'models',
  'packages',
  'pages',
  'pull-requests',
  'repository-projects',
  'security-events',
  'statuses',
];

/** Reads `permissions`, which must be right, and says that it has no effect: there is no token here to limit. */
export function parsePermissions(file: WorkflowFile, entry: Entry | undefined): void {
  if (!entry) return;
  const before = file.findings.length;
  const text = file.asText(entry.value);
  if (text === undefined) {
    for (const permission of file.entries(entry.value, '`permissions`', entry.keyAt) ?? [])
      checkOne(file, permission);
  } else if (text !== 'read-all' && text !== 'write-all') {
    file.error('invalid-value', `"${text}" is no set of permissions`, file.at(entry.value, entry.keyAt), {
      notes: ['allowed: read-all, write-all, {}, or a mapping of permissions'],
    });
  }
  if (file.findings.length > before) return;
  file.report(
    'note',
    'no-effect',
    '`permissions` has no effect here: jobs get no GitHub token',
    entry.keyAt,
    {
      notes: ['on GitHub it still limits the token'],
    },
  );
}

function checkOne(file: WorkflowFile, { key, keyAt, value }: Entry): void {
  if (!permissions.includes(key)) {
    const near = didYouMean(key, permissions);
    file.error('unknown-key', `GitHub has no permission \`${key}\``, keyAt, {
      notes: [`permissions: ${permissions.join(', ')}`],
      help: near === undefined ? undefined : `did you mean \`${near}\`?`,
    });
    return;
  }
  const level = file.template(value, `\`${key}\``, keyAt);
  if (!level || levels.includes(level.text)) return;
  file.error('invalid-value', `"${level.text}" is no level of a permission`, level.at, {
    notes: [`levels: ${levels.join(', ')}`],
  });
}
