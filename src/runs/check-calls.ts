import { didYouMean, type Finding } from '../diagnostics/index.ts';
import { insertKey, type CallJob, type EnvMap, type Workflow } from '../workflow/index.ts';
import { mostLevels } from './call.ts';
import type { RunsCode } from './codes.ts';
import { callPath } from './frames.ts';

/** GitHub's limit, counted over all levels. */
const mostCalled = 50;

/**
 * Every mistake in the calls of a workflow, on all levels: files that are missing or cannot be called, circles, too many
 * levels, and inputs and secrets that do not fit. Calls of other repositories are left to the workflow's refusals.
 *
 * @param called - By path: `./.github/workflows/x.yml`.
 */
export function checkCalls(workflow: Workflow, called: Record<string, Workflow>): Finding[] {
  const check = new Check(called);
  check.workflow(workflow, [`./${workflow.file}`]);
  return check.findings;
}

class Check {
  readonly findings: Finding[] = [];
  private readonly called: Record<string, Workflow>;
  private readonly seen = new Set<string>();

  constructor(called: Record<string, Workflow>) {
    this.called = called;
  }

  workflow({ jobs }: Workflow, chain: string[]): void {
    for (const job of jobs) if (job.kind === 'call' && callPath(job).startsWith('./')) this.call(job, chain);
  }

  private call(job: CallJob, chain: string[]): void {
    const path = callPath(job);
    const target = Object.hasOwn(this.called, path) ? this.called[path] : undefined;
    if (!target) return this.unknown(job);
    if (chain.includes(path)) return this.loop(job, [...chain.slice(chain.indexOf(path)), path]);
    const news = !this.seen.has(path);
    this.seen.add(path);
    if (news && this.seen.size === mostCalled + 1) {
      this.report(
        job,
        'too-many-workflows',
        `a workflow may call ${mostCalled} others over all levels, and this is one more`,
      );
    }
    if (chain.length + 1 > mostLevels) {
      return this.report(
        job,
        'calls-too-deep',
        `calls may go ${mostLevels} levels deep, and this one is beyond`,
        {
          notes: [`the way here: ${chain.join(' → ')}`],
          help: 'call the inner workflow from further out',
        },
      );
    }
    this.given(job, target);
    // What stands in a file is told once, and what is wrong with the way to it at each way.
    if (news) this.workflow(target, [...chain, path]);
  }

  private unknown(job: CallJob): void {
    const known = Object.keys(this.called);
    const near = didYouMean(callPath(job), known);
    this.report(job, 'unknown-workflow', `there is no workflow ${job.uses.text} to call`, {
      notes: known.length === 0 ? [] : [`workflows: ${known.join(', ')}`],
      help: near === undefined ? 'commit the file, or mend the path' : `did you mean ${near}?`,
    });
  }

  private loop(job: CallJob, circle: string[]): void {
    this.report(job, 'call-loop', 'these workflows call each other in a circle', {
      notes: [circle.join(' → ')],
      help: 'take one of the calls away',
    });
  }

  private given(job: CallJob, target: Workflow): void {
    const trigger = target.triggers.find(({ event }) => event === 'workflow_call');
    if (!trigger) {
      return this.report(job, 'not-callable', `${target.file} does not let itself be called`, {
        notes: [`on: ${target.triggers.map(({ event }) => event).join(', ')}`],
        help: 'add "workflow_call:" to its "on:"',
      });
    }
    this.names(job, { what: 'input', given: job.with, declared: trigger.inputs ?? {}, file: target.file });
    if (job.secrets === 'inherit') return;
    this.names(job, {
      what: 'secret',
      given: job.secrets,
      declared: trigger.secrets ?? {},
      file: target.file,
    });
  }

  private names(
    job: CallJob,
    {
      what,
      given,
      declared,
      file,
    }: { what: 'input' | 'secret'; given: EnvMap; declared: Declared; file: string },
  ): void {
    const code = what === 'input' ? 'bad-input' : 'bad-secret';
    const known = Object.keys(declared);
    const has = (names: string[], name: string) =>
      names.some((other) => other.toLowerCase() === name.toLowerCase());
    for (const [name, { at }] of Object.entries(given)) {
      if (name === insertKey || has(known, name)) continue;
      const near = didYouMean(name, known);
      this.report(job, code, `${file} declares no ${what} "${name}"`, {
        at,
        notes: [`${what}s: ${known.map((each) => `"${each}"`).join(', ') || 'none'}`],
        help: near === undefined ? `declare it there, or leave it out` : `did you mean "${near}"?`,
      });
    }
    if (Object.hasOwn(given, insertKey)) return;
    for (const [name, { required, default: preset }] of Object.entries(declared)) {
      if (!required || preset || has(Object.keys(given), name)) continue;
      const key = what === 'input' ? 'with' : 'secrets';
      this.report(job, code, `${file} requires the ${what} "${name}", which this call does not give`, {
        help: `add "${name}" under "${key}" of job "${job.id}"`,
      });
    }
  }

  private report(job: CallJob, code: RunsCode, message: string, more: Partial<Finding> = {}): void {
    this.findings.push({
      code: `runs/${code}`,
      severity: 'error',
      message,
      at: job.uses.at,
      notes: [],
      ...more,
    });
  }
}

type Declared = Record<string, { required: boolean; default?: unknown }>;
