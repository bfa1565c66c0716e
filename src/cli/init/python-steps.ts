import type { RepositoryLook } from './repository-look.ts';
import { runStep, usesStep } from './workflow-text.ts';

const projectFiles = ['pyproject.toml', 'requirements.txt', 'manage.py'];

/** Whether the repository holds a Python project. */
export function isPython(look: RepositoryLook): boolean {
  return projectFiles.some((file) => look.has(file));
}

/** Steps for a Python project: an environment of its own, its requirements, and the tests that can be told from its files. */
export function pythonSteps(look: RepositoryLook): string[] {
  const said = look.text('.python-version')?.trim() ?? '';
  const version = /^\d+(?:\.\d+)*$/.test(said) ? said : '3.x';
  return [
    ...usesStep('actions/setup-python@v5', { 'python-version': version }),
    ...runStep('python -m venv .venv'),
    ...installSteps(look),
    ...testSteps(look),
  ];
}

function installSteps(look: RepositoryLook): string[] {
  const pip = '.venv/bin/python -m pip install';
  if (look.has('requirements.txt')) return runStep(`${pip} -r requirements.txt`);
  const project = look.text('pyproject.toml') ?? '';
  if (!/^\[(?:project|build-system)\]/m.test(project)) return [];
  const extra = extraWithPytest(project);
  if (extra !== null) return runStep(`${pip} ".[${extra}]"`);
  return runStep(usesPytest(look) ? `${pip} . pytest` : `${pip} .`);
}

/** The optional dependencies that bring pytest. */
function extraWithPytest(project: string): string | null {
  const [, extras = ''] =
    /^\[project\.optional-dependencies\]\s*$(.*?)(?=^\[|(?![\s\S]))/ms.exec(project) ?? [];
  const [, name] = /^([\w-]+)\s*=\s*\[[^\]]*\bpytest\b/m.exec(extras) ?? [];
  return name ?? null;
}

function usesPytest(look: RepositoryLook): boolean {
  return /\bpytest\b/.test(`${look.text('requirements.txt') ?? ''}\n${look.text('pyproject.toml') ?? ''}`);
}

function testSteps(look: RepositoryLook): string[] {
  if (look.has('manage.py')) return runStep('.venv/bin/python manage.py test');
  if (usesPytest(look)) return runStep('.venv/bin/python -m pytest');
  if (look.has('tests') || look.has('test')) return runStep('.venv/bin/python -m unittest discover');
  return runStep('.venv/bin/python -m compileall -q -x "[.]venv" .');
}
