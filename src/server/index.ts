export type {
  AbortRequest,
  AccessView,
  ErrorBody,
  PersonView,
  RollbackRequest,
  SecretRequest,
  ShipRequest,
  WordRequest,
} from './api.ts';
export { entranceOf } from './door-place.ts';
export { connectServer, ServerRefusal } from './client.ts';
export type { LogQuery, SecretView, ServerClient, ServerPlace } from './client.ts';
export type { StartRequest } from './run-server.ts';
export { runServer, startServer, stopServer } from './start.ts';
export { version } from './version.ts';
