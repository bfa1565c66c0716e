import { harmless, paint, type Look } from '../render/text.ts';
import type { GraphJob, WorkflowGraph } from './workflow-graph.ts';

/**
 * Draws each workflow as a tree: a job stands below the last of the jobs that it waits for, and names the others.
 * Jobs of a called workflow stand below their caller, behind dots.
 */
export function graphText(graphs: readonly WorkflowGraph[], look: Look): string[] {
  return graphs.flatMap((graph, index) => [...(index === 0 ? [] : ['']), ...drawing(graph, look)]);
}

function drawing(graph: WorkflowGraph, look: Look): string[] {
  const events = graph.events.length > 0 ? `  on ${graph.events.join(', ')}` : '';
  const file = graph.name === graph.file ? '' : `  ${graph.file}`;
  return [
    paint(look, 'bold', harmless(graph.name)) + paint(look, 'dim', file + events),
    ...branches(graph, look),
  ];
}

function branches(graph: WorkflowGraph, look: Look): string[] {
  const parents = parentsOf(graph.jobs);
  const below = (parent: string | null): string[] => {
    const children = graph.jobs.filter((job) => parents.get(job.id) === parent);
    return children.flatMap((job, index) => {
      const last = index === children.length - 1;
      const inner = [...calledJobs(job, look), ...below(job.id)];
      return [
        `${last ? '└─' : '├─'} ${label(job, parent, look)}`,
        ...inner.map((line) => (last ? '   ' : '│  ') + line),
      ];
    });
  };
  return below(null);
}

function calledJobs({ calls }: GraphJob, look: Look): string[] {
  return calls?.graph ? branches(calls.graph, look).map((line) => `${paint(look, 'dim', '┊')} ${line}`) : [];
}

/** The need that ends a job's longest way from the start; of several, the one written last. */
function parentsOf(jobs: readonly GraphJob[]): Map<string, string | null> {
  const levels = levelsOf(jobs);
  return new Map(
    jobs.map(({ id, needs }) => {
      const deepest = Math.max(...needs.map((need) => levels.get(need) ?? 0));
      return [id, needs.findLast((need) => levels.get(need) === deepest) ?? null];
    }),
  );
}

/** How many jobs stand before each job on its longest way; the parser has refused circles. */
function levelsOf(jobs: readonly GraphJob[]): Map<string, number> {
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const levels = new Map<string, number>();
  const levelOf = (id: string): number => {
    const known = levels.get(id);
    if (known !== undefined) return known;
    const needs = byId.get(id)?.needs ?? [];
    const level = needs.length === 0 ? 0 : 1 + Math.max(...needs.map(levelOf));
    levels.set(id, level);
    return level;
  };
  for (const { id } of jobs) levelOf(id);
  return levels;
}

function label(job: GraphJob, parent: string | null, look: Look): string {
  const others = job.needs.filter((need) => need !== parent);
  const facts = [
    job.name === job.id ? '' : `"${job.name}"`,
    job.environment === null ? '' : `→ ${job.environment}`,
    job.calls === null
      ? ''
      : `calls ${job.calls.uses}${job.calls.reason === null ? '' : ` (${job.calls.reason})`}`,
    others.length === 0 ? '' : `needs ${others.join(', ')}, too`,
    job.condition === null ? '' : `if ${job.condition}`,
    job.refused === null ? '' : `cannot run here: ${job.refused}`,
  ].filter((fact) => fact !== '');
  const rest = facts.map((fact) => `  ${harmless(fact.replaceAll(/\s+/g, ' '))}`).join('');
  return job.id + paint(look, 'cyan', instancesText(job)) + paint(look, 'dim', rest);
}

/** ` ×6`, ` ×?` where only the run can tell, or nothing. */
export function instancesText({ instances }: GraphJob): string {
  if (instances === null) return ' ×?';
  return instances === 1 ? '' : ` ×${instances}`;
}
