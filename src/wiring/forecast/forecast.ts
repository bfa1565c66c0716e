import { predictDowntime } from './downtime.ts';
import type { Forecast, ForecastFacts } from './model.ts';
import { orderOfRollout } from './order.ts';
import { forecastServices } from './services.ts';
import { forecastMachines } from './machines.ts';

/** Tells what a rollout of a Compose app would do to an environment, before anything is touched. Pure. */
export function forecastRollout(facts: ForecastFacts): Forecast {
  return {
    services: forecastServices(facts),
    steps: orderOfRollout(facts),
    machines: forecastMachines(facts),
    downtime: predictDowntime(facts),
  };
}
