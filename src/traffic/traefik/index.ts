import type { DriverFactory } from '../agent/driver.ts';
import { TraefikDriver } from './driver.ts';

/** Makes the driver of Traefik. @throws CodedError `traffic/not-installed` */
export const createTraefikDriver: DriverFactory = (settings, events) => new TraefikDriver(settings, events);
