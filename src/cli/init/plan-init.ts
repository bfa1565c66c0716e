import { nameFrom } from '../../app/index.ts';
import { manifestOf, nodeSteps, type Manifest } from './node-steps.ts';
import { isPython, pythonSteps } from './python-steps.ts';
import type { RepositoryLook } from './repository-look.ts';
import { runStep, workflowText } from './workflow-text.ts';

/** A file that is missing. */
export interface InitFile {
  path: string;
  text: string;
}

/** What `init` would write, and what it leaves to people. */
export interface InitPlan {
  files: InitFile[];
  notes: string[];
}

/**
 * Plans what is missing; a file that is there is never in it.
 *
 * @param machineNode - The Node of this machine, for packages that name none.
 */
export function planInit(look: RepositoryLook, machineNode: string): InitPlan {
  const manifest = manifestOf(look);
  const files = [
    ...(look.workflows.length > 0 ? [] : [ciFile(look, manifest, machineNode)]),
    ...procfile(look, manifest),
    ...slipwayYml(look, manifest),
  ].filter(({ path }) => !look.has(path));
  return { files, notes: notesOf(look, manifest) };
}

function ciFile(look: RepositoryLook, manifest: Manifest | null, machineNode: string): InitFile {
  const steps = [
    ...(manifest ? nodeSteps(look, manifest, machineNode) : []),
    ...(isPython(look) ? pythonSteps(look) : []),
  ];
  const tests = steps.length > 0 ? steps : runStep('echo "Put your tests here."');
  return { path: '.github/workflows/ci.yml', text: workflowText(tests) };
}

function procfile(look: RepositoryLook, manifest: Manifest | null): InitFile[] {
  if (look.has('Procfile') || manifest?.scripts?.['start'] === undefined) return [];
  return [{ path: 'Procfile', text: 'web: npm start\n' }];
}

/** Only the app's name can be a choice that nobody has made: everything else has a default. */
function slipwayYml(look: RepositoryLook, manifest: Manifest | null): InitFile[] {
  const isApp = look.has('Procfile') || manifest?.scripts?.['start'] !== undefined;
  if (!isApp || nameFrom(manifest?.name ?? look.folder) !== '') return [];
  return [
    {
      path: 'slipway.yml',
      text: '# Part of host names and folders: small letters, digits and dashes.\nname: app\n',
    },
  ];
}

function notesOf(look: RepositoryLook, manifest: Manifest | null): string[] {
  const notes: string[] = [];
  if (look.has('package.json') && !manifest) notes.push('package.json cannot be read: it is not JSON');
  const compose = ['compose.yml', 'compose.yaml', 'docker-compose.yml'].find((file) => look.has(file));
  if (compose) notes.push(`${compose} is not used: a Procfile says what runs on the machine itself`);
  if (look.has('manage.py') && !look.has('Procfile')) {
    notes.push('how this is served is for you to say, in a Procfile: web: .venv/bin/gunicorn NAME.wsgi');
  }
  return notes;
}
