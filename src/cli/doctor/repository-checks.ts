import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../../diagnostics/index.ts';
import { parseWorkflow, stepsOf, type Workflow } from '../../workflow/index.ts';
import { filesOfTree } from '../lint-files.ts';
import { lockFiles } from '../init/package-manager.ts';
import { ok, problem, warning, type Check } from './check.ts';
import { findProgram } from './find-program.ts';

/** Everything about the repository: its workflows, what they need here, and its lock file. */
export function checkRepository(root: string, env: Record<string, string | undefined>): Check[] {
  const files = filesOfTree(root).filter(({ kind }) => kind === 'workflow');
  const parsed = files.map(({ path, shown }) => parseWorkflow(readFileSync(path, 'utf8'), shown));
  const workflows = parsed.flatMap((one) => (one.ok ? [one.value] : []));
  const findings = parsed.flatMap((one) => (one.ok ? [] : one.findings));
  const mistakes = findings.filter(({ severity }) => severity === 'error');
  return [
    checkWorkflows(files.length, mistakes),
    checkRefusals(workflows, files.length),
    checkShells(workflows, env),
    checkLockFile(root),
  ];
}

function checkWorkflows(count: number, mistakes: readonly Finding[]): Check {
  if (count === 0) return warning('workflows', 'there are none in .github/workflows', 'slipway init');
  if (mistakes.length === 0) return ok('workflows', `${counted(count, 'file')} without mistakes`);
  const [first] = mistakes;
  const place = first?.at ? ` (${first.at.file}:${first.at.start.line})` : '';
  const says = `${counted(mistakes.length, 'mistake')}, such as: ${first?.message}${place}`;
  return problem('workflows', says, 'slipway lint');
}

function checkRefusals(workflows: readonly Workflow[], fileCount: number): Check {
  const refusals = workflows.flatMap((workflow) => workflow.refusals);
  const [first] = refusals;
  if (!first) {
    if (workflows.length === 0) return ok('jobs', 'none to look at');
    const which = workflows.length < fileCount ? ' of the files without mistakes' : '';
    return ok('jobs', `every job${which} can run here`);
  }
  const of = first.jobId === null ? '' : `job "${first.jobId}": `;
  const says = `${counted(refusals.length, 'thing')} that this machine cannot do, such as ${of}${first.finding.message}`;
  return warning('jobs', says, 'slipway lint');
}

const knownShells = ['bash', 'sh', 'pwsh', 'python'];

/** What a shell's program is called here, where that is not its name. */
const programsOf: Record<string, readonly string[]> = { python: ['python', 'python3'] };

function checkShells(workflows: readonly Workflow[], env: Record<string, string | undefined>): Check {
  const isHere = (shell: string) =>
    (Object.hasOwn(programsOf, shell) ? (programsOf[shell] ?? []) : [shell]).some(
      (program) => findProgram(program, env) !== null,
    );
  const wanted = [...new Set(['sh', ...workflows.flatMap(shellsOf)])];
  const missing = wanted.filter((shell) => !isHere(shell));
  if (missing.length > 0) {
    const says = `the workflows use what is not in the PATH: ${missing.join(', ')}`;
    return problem('shells', says, `install ${missing.join(', ')}`);
  }
  const [found, absent] = [knownShells.filter(isHere), knownShells.filter((shell) => !isHere(shell))];
  const rest = absent.length === 0 ? '' : `; ${absent.join(', ')} not found, and not used`;
  return ok('shells', found.join(', ') + rest);
}

/** Programs of the shells that a workflow names. */
function shellsOf(workflow: Workflow): string[] {
  const named = [
    workflow.defaults.shell,
    ...workflow.jobs.flatMap((job) => (job.kind === 'steps' ? [job.defaults.shell] : [])),
    ...workflow.jobs.flatMap((job) =>
      stepsOf(job).map((step) => (step.kind === 'run' ? step.shell : undefined)),
    ),
  ];
  return named.flatMap((shell) => {
    const program = shell?.text.trim().split(/\s/, 1)[0] ?? '';
    return program === '' || program.includes('${{') ? [] : [program];
  });
}

function checkLockFile(root: string): Check {
  const lock = lockFiles.find(({ file }) => existsSync(join(root, file)));
  if (lock) return ok('lock file', lock.file);
  if (!existsSync(join(root, 'package.json')))
    return ok('lock file', 'none needed: there is no package.json');
  const says = 'package.json stands without one: each run may get other versions';
  return warning('lock file', says, 'npm install --package-lock-only');
}

const counted = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;
