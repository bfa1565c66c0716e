import type { DriverFactory } from '../agent/driver.ts';
import { NginxDriver } from './driver.ts';

/** Makes the driver of nginx. @throws CodedError `traffic/not-installed` */
export const createNginxDriver: DriverFactory = (settings, events) => new NginxDriver(settings, events);
