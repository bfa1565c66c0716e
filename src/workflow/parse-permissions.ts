import type { WorkflowFile } from './file.ts';
import { meant } from './meant.ts';
import type { Permissions } from './model.ts';
import type { Entry } from './reader.ts';
import { peekText } from './nodes.ts';

type Level = 'read' | 'write' | 'none';

const any: readonly Level[] = ['read', 'write', 'none'];
const readOrNone: readonly Level[] = ['read', 'none'];
const writeOrNone: readonly Level[] = ['write', 'none'];

/** Every permission that GitHub knows, with its levels. */
export const permissionLevels: Readonly<Record<string, readonly Level[]>> = {
  actions: any,
  'artifact-metadata': any,
  attestations: any,
  checks: any,
  'code-quality': any,
  contents: any,
  'copilot-requests': writeOrNone,
  deployments: any,
  discussions: any,
  drives: any,
  'id-token': writeOrNone,
  issues: any,
  models: readOrNone,
  packages: any,
  pages: any,
  'pull-requests': any,
  'repository-projects': any,
  'security-events': any,
  statuses: any,
  'vulnerability-alerts': readOrNone,
};

/** Reads `permissions`. */
export function parsePermissions(file: WorkflowFile, entry: Entry | undefined): Permissions | undefined {
  if (!entry) return undefined;
  const text = peekText(entry.value);
  if (text === 'read-all' || text === 'write-all') return text;
  if (text !== undefined) {
    file.error('invalid-value', `"${text}" is no set of permissions`, file.at(entry.value, entry.keyAt), {
      notes: ['allowed: read-all, write-all, {}, or a mapping of permissions'],
    });
    return undefined;
  }
  const permissions: Record<string, Level> = {};
  for (const permission of file.entries(entry.value, '`permissions`', entry.keyAt) ?? []) {
    const level = readLevel(file, permission);
    if (level) permissions[permission.key] = level;
  }
  return permissions;
}

function readLevel(file: WorkflowFile, { key, keyAt, value }: Entry): Level | undefined {
  const levels = Object.hasOwn(permissionLevels, key) ? permissionLevels[key] : undefined;
  if (!levels) {
    const known = Object.keys(permissionLevels);
    file.error('unknown-key', `GitHub has no permission \`${key}\``, keyAt, {
      notes: [`permissions: ${known.join(', ')}`],
      help: meant(key, known),
    });
    return undefined;
  }
  const text = file.template(value, `\`${key}\``, keyAt);
  const level = levels.find((candidate) => candidate === text?.text);
  if (text && !level) {
    file.error('invalid-value', `"${text.text}" is no level of the permission \`${key}\``, text.at, {
      notes: [`levels of ${key}: ${levels.join(', ')}`],
    });
  }
  return level;
}
