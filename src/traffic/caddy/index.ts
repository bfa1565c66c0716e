import type { DriverFactory } from '../agent/driver.ts';
import { CaddyDriver } from './driver.ts';

/** Makes the driver of Caddy 2.11 or later. */
export const createCaddyDriver: DriverFactory = (settings, events) => new CaddyDriver(settings, events);
