import type { Finding } from '../../diagnostics/index.ts';
import { meant } from '../meant.ts';
import type { CallJob, InputDefinition, Template, Trigger, Workflow } from '../model.ts';
import { givenNames } from './local-actions.ts';
import { localPath, report, type LintContext, type WorkflowRule } from './rule.ts';
import { referencesIn } from './texts.ts';

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
const quoted = (names: string[]) => names.map((name) => `"${name}"`).join(', ') || 'none';

/** Calls of workflows of this repository: inputs, secrets and outputs must be those that the called one declares. */
export const calledWorkflows: WorkflowRule = (workflow, context) => {
  const calls = workflow.jobs.filter((job) => job.kind === 'call' && localPath(job.uses.text) !== undefined);
  return [
    ...calls.flatMap((job) => (job.kind === 'call' ? callFindings(job, context) : [])),
    ...outputFindings(workflow, context),
  ];
};

function callOf(called: Workflow | null | undefined): Trigger | undefined {
  return called?.triggers.find(({ event }) => event === 'workflow_call');
}

function callFindings(job: CallJob, { repository }: LintContext): Finding[] {
  const { text: path, at } = job.uses;
  const called = repository.workflow(localPath(path) ?? '');
  if (called === undefined) return [];
  if (called === null) {
    const help = 'name a file of .github/workflows';
    return [report('error', 'unknown-workflow', `there is no workflow "${path}"`, at, { help })];
  }
  const call = callOf(called);
  if (!call) {
    const help = 'add `workflow_call:` to its `on:`';
    return [
      report(
        'error',
        'unknown-workflow',
        `"${path}" cannot be called: its \`on\` has no \`workflow_call\``,
        at,
        { help },
      ),
    ];
  }
  return [...inputFindings(job, call.inputs ?? {}), ...secretFindings(job, call.secrets ?? {})];
}

function inputFindings(job: CallJob, inputs: Record<string, InputDefinition>): Finding[] {
  const declared = Object.keys(inputs);
  const given = givenNames(job.with);
  const wrong = given.flatMap((name) => {
    const value = job.with[name];
    const known = declared.find((candidate) => same(candidate, name));
    if (!value) return [];
    if (known !== undefined) return typeFindings(name, inputs[known], value);
    const notes = [`its inputs: ${quoted(declared)}`];
    const help = meant(name, declared) ?? 'remove it, or declare it in the called workflow';
    return [
      report('error', 'unknown-input', `"${job.uses.text}" has no input "${name}"`, value.at, {
        notes,
        help,
      }),
    ];
  });
  const missing = declared.filter(
    (name) => inputs[name]?.required && !given.some((other) => same(other, name)),
  );
  return [...wrong, ...missing.map((name) => missingFinding(job, name))];
}

function missingFinding(job: CallJob, name: string): Finding {
  const help = `add \`with: { ${name}: … }\` to job "${job.id}"`;
  return report('error', 'missing-input', `"${job.uses.text}" needs the input "${name}"`, job.uses.at, {
    help,
  });
}

function typeFindings(name: string, definition: InputDefinition | undefined, value: Template): Finding[] {
  if (!definition || value.text.includes('${{')) return [];
  const fits = {
    boolean: value.text === 'true' || value.text === 'false',
    number: value.text.trim() !== '' && Number.isFinite(Number(value.text)),
    string: true,
    choice: true,
    environment: true,
  };
  if (fits[definition.type]) return [];
  const message = `the input "${name}" is a ${definition.type}, and here is "${value.text}"`;
  const help = definition.type === 'boolean' ? 'write true or false' : 'write a number';
  return [report('error', 'wrong-type', message, value.at, { help })];
}

function secretFindings(job: CallJob, secrets: NonNullable<Trigger['secrets']>): Finding[] {
  if (job.secrets === 'inherit') return [];
  const declared = Object.keys(secrets);
  const given = givenNames(job.secrets);
  const unknown = Object.entries(job.secrets).flatMap(([name, { at }]) => {
    if (name.includes('${{') || declared.some((known) => same(known, name))) return [];
    const notes = [`its secrets: ${quoted(declared)}`];
    const help = meant(name, declared) ?? 'remove it, or declare it in the called workflow';
    return [
      report('error', 'unknown-secret', `"${job.uses.text}" takes no secret "${name}"`, at, { notes, help }),
    ];
  });
  const missing = declared.filter(
    (name) => secrets[name]?.required && !given.some((other) => same(other, name)),
  );
  return [
    ...unknown,
    ...missing.map((name) => {
      const help = `add \`secrets: { ${name}: \${{ secrets.${name} }} }\` to job "${job.id}", or \`secrets: inherit\``;
      return report('error', 'missing-secret', `"${job.uses.text}" needs the secret "${name}"`, job.uses.at, {
        help,
      });
    }),
  ];
}

/** `needs.<job>.outputs.<name>` and `jobs.<job>.outputs.<name>` of a job that calls. */
function outputFindings(workflow: Workflow, { repository, source }: LintContext): Finding[] {
  return referencesIn({ jobs: workflow.jobs, triggers: workflow.triggers }, source).flatMap((reference) => {
    const [id, property, name] = reference.path;
    if (!['needs', 'jobs'].includes(reference.context) || property?.toLowerCase() !== 'outputs' || !name)
      return [];
    const job = workflow.jobs.find((one) => id !== null && id !== undefined && same(one.id, id));
    if (job?.kind !== 'call' || localPath(job.uses.text) === undefined) return [];
    const call = callOf(repository.workflow(localPath(job.uses.text) ?? ''));
    const declared = Object.keys(call?.outputs ?? {});
    if (!call || declared.some((known) => same(known, name))) return [];
    const notes = [`its outputs: ${quoted(declared)}`];
    const help = meant(name, declared) ?? 'declare it under `on.workflow_call.outputs` there';
    const message = `"${job.uses.text}" has no output "${name}", so this is always empty`;
    return [report('error', 'unknown-output', message, reference.keysAt[2] ?? reference.at, { notes, help })];
  });
}
