export { createHaproxyDriver } from './driver.ts';
