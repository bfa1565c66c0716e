import type { ComposeAppService } from '../../app/index.ts';
import { here } from '../../delivery/index.ts';
import type { ForecastFacts, MachineForecast } from './model.ts';
import { surgeOf } from './surge.ts';

/** What becomes of each machine: those that stay or come, in order, then those that the environment leaves. */
export function forecastMachines(facts: ForecastFacts): MachineForecast[] {
  const before = facts.state?.stable?.machines ?? [];
  const { machines } = facts.app.environment;
  const staying = machines.map((name): MachineForecast => {
    const known = facts.machines.find((one) => one.name === name);
    const { problem = null, free = nobodySays, images = {} } = known ?? {};
    const services = facts.app.services.filter((one) => runsOn(one, name, machines));
    const change = before.includes(name) ? 'same' : 'new';
    const surge = surgeOf(facts, { name, services, images });
    return { name, change, problem, services: services.map((one) => one.name), surge, free };
  });
  const leaving = before.filter((name) => !machines.includes(name));
  return [...staying, ...leaving.map(gone)];
}

const nobodySays = { memoryBytes: null, diskBytes: null };

/** What there may be only one of is on the first machine. */
function runsOn({ role, overlap }: ComposeAppService, name: string, machines: string[]): boolean {
  const once = role === 'shared' || role === 'task' || (role === 'worker' && !overlap);
  return !once || name === (machines[0] ?? here);
}

function gone(name: string): MachineForecast {
  const surge = { memoryBytes: 0, unlimited: [], diskBytes: 0, unknownImages: [] };
  return { name, change: 'gone', problem: null, services: [], surge, free: nobodySays };
}
