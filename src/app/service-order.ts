import type { Finding } from '../diagnostics/index.ts';
import type { ServiceRole } from './model.ts';
import type { ServiceFacts } from './service-facts.ts';
import type { ClassifiedService } from './classified-service.ts';

/** Roles that are up before a service of the key's role starts; tasks have ended by then, or it is one itself. */
const upBefore: Record<ServiceRole, readonly ServiceRole[]> = {
  shared: ['shared'],
  task: ['shared', 'task'],
  web: ['shared', 'task', 'companion', 'web'],
  companion: ['shared', 'task', 'companion', 'web'],
  worker: ['shared', 'task', 'companion', 'web', 'worker'],
};

/** Fills in what each service waits for by its `depends_on`; what a rollout cannot wait for is told. */
export function orderOf(
  facts: ServiceFacts[],
  services: ClassifiedService[],
): { services: ClassifiedService[]; findings: Finding[] } {
  const roles = new Map(services.map(({ name, role }) => [name, role]));
  const findings: Finding[] = [];
  const ordered = services.map((one, index) => {
    const service = facts[index]?.service;
    const after = (service?.dependsOn ?? []).flatMap(({ service: name, required }) => {
      const role = roles.get(name);
      if (role === undefined) return [];
      if (!upBefore[one.role].includes(role)) {
        findings.push(cannotWait(one, { name, role, at: service?.at, required }));
        return [];
      }
      return role === 'task' ? [] : [{ name, shared: role === 'shared' }];
    });
    const names = [...after.filter(({ shared }) => !shared), ...after.filter(({ shared }) => shared)];
    return { ...one, after: names.map(({ name }) => name) };
  });
  return { services: ordered, findings };
}

interface Other {
  name: string;
  role: ServiceRole;
  at: Finding['at'];
  required: boolean;
}

const when: Record<ServiceRole, string> = {
  shared: 'starts before all others and stays',
  task: 'runs before anything of the new revision starts',
  web: 'starts before the switch',
  companion: 'starts before the switch',
  worker: 'starts after the switch',
};

function cannotWait({ name, role }: ClassifiedService, other: Other): Finding {
  // Web and companions only wait for workers so that these are there soon; the others need what they wait for.
  const harmless = !other.required || role === 'web' || role === 'companion';
  return {
    code: 'app/cannot-wait',
    severity: harmless ? 'note' : 'error',
    message: `"${name}" (${role}) ${when[role]}, so it cannot wait for "${other.name}" (${other.role})`,
    ...(other.at ? { at: other.at } : {}),
    notes: [],
    help: harmless
      ? `nothing, if "${name}" can start without it; else make it a companion in slipway.yml: services: { ${other.name}: { role: companion } }`
      : `remove it from depends_on${other.role === 'web' ? '' : `, or change a role in slipway.yml: services: { ${other.name}: { role: shared } }`}`,
  };
}
