export type { AbortRequest, ErrorBody, RollbackRequest, SecretRequest, ShipRequest } from './api.ts';
export { connectServer, ServerRefusal } from './client.ts';
export type { LogQuery, SecretView, ServerClient, ServerPlace } from './client.ts';
export { runServer, type StartRequest } from './run-server.ts';
export { startServer, stopServer } from './start-server.ts';
export { version } from './version.ts';
