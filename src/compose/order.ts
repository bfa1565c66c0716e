import { didYouMean } from '../diagnostics/index.ts';
import type { Span } from '../diagnostics/index.ts';
import type { Findings } from './findings.ts';
import type { ComposeService } from './model.ts';
import type { ServiceDraft } from './service.ts';

/** Services with their profiles, those of inactive ones as well. */
export interface Known {
  name: string;
  profiles: string[];
  active: boolean;
}

/**
 * Takes out dependencies that may be missing, and reports those that must not be.
 *
 * @returns Services, each after those it depends on; otherwise as they are written.
 */
export function inOrder(
  drafts: readonly ServiceDraft[],
  known: ReadonlyMap<string, Known>,
  findings: Findings,
): ComposeService[] {
  const services = drafts.map((draft) => ({
    ...draft.service,
    dependsOn: presentOnly(draft, known, findings),
  }));
  const byName = new Map(services.map((service) => [service.name, service]));
  const done = new Set<string>();
  const ordered: ComposeService[] = [];
  const visit = (service: ComposeService, chain: readonly string[]): void => {
    if (done.has(service.name)) return;
    if (chain.includes(service.name)) {
      reportCycle([...chain.slice(chain.indexOf(service.name)), service.name], drafts, findings);
      return;
    }
    for (const { service: name } of service.dependsOn) {
      const dependency = byName.get(name);
      if (dependency) visit(dependency, [...chain, service.name]);
    }
    if (done.has(service.name)) return;
    done.add(service.name);
    ordered.push(service);
  };
  for (const service of services) visit(service, []);
  return ordered;
}

function presentOnly(
  { service, dependencies }: ServiceDraft,
  known: ReadonlyMap<string, Known>,
  findings: Findings,
) {
  return dependencies.flatMap(({ value, at }) => {
    const target = known.get(value.service);
    if (target?.active) return [value];
    if (value.required) {
      if (target) reportInactive(service.name, target, at, findings);
      else reportUnknown(service.name, value.service, at, known, findings);
    }
    return [];
  });
}

function reportInactive(from: string, { name, profiles }: Known, at: Span, findings: Findings): void {
  findings.error(
    'compose/inactive-service',
    `"${from}" depends on "${name}", which is in no active profile`,
    at,
    {
      notes: [`profiles of "${name}": ${profiles.join(', ')}`],
      help: `activate the profile ${profiles[0]}, or write "required: false" below it`,
    },
  );
}

function reportUnknown(
  from: string,
  name: string,
  at: Span,
  known: ReadonlyMap<string, Known>,
  findings: Findings,
): void {
  const names = [...known.keys()];
  const near = didYouMean(name, names);
  findings.error('compose/unknown-service', `"${from}" depends on "${name}", which is not defined`, at, {
    notes: [`services: ${names.join(', ')}`],
    help: near === undefined ? 'define it, or name one of those' : `did you mean "${near}"?`,
  });
}

function reportCycle(chain: readonly string[], drafts: readonly ServiceDraft[], findings: Findings): void {
  const [first = '', second = ''] = chain;
  const draft = drafts.find(({ service }) => service.name === first);
  const at = draft?.dependencies.find(({ value }) => value.service === second)?.at ?? draft?.service.at;
  if (at)
    findings.error('compose/cycle', `services wait for each other: ${chain.join(' → ')}`, at, {
      help: 'take one of the dependencies out',
    });
}
