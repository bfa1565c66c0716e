export { closeHome } from './close-home.ts';
export { freePort } from './free-port.ts';
export { type Copy, type Place, type RigEngine } from './places.ts';
export { isRunning, powerOff, processesOf, signal, type Seen } from './processes.ts';
export {
  createAppRepository,
  type AppRepository,
  type Behaviour,
  type RigStrategy,
  type VersionOptions,
} from './repository.ts';
export { startRig, scope, type Rig, type RigOptions } from './rig.ts';
export { answersFromNow, sendUsers, type Users } from './users.ts';
export type { LoadReport } from './load-report.ts';
export { persist, until } from './wait.ts';
