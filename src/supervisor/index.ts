export { createSupervisorClient } from './client.ts';
export { ensureSupervisor } from './ensure-supervisor.ts';
export { familyUse } from './family-use.ts';
export { kinOf } from './family.ts';
export { leanNode } from './lean-node.ts';
export { readLogTail } from './log-tail.ts';
export { listProcesses, readSocketInodes } from './proc.ts';
export type {
  ProcessPhase,
  ProcessSpec,
  ProcessStatus,
  Supervisor,
  SupervisorControl,
  SupervisorHealth,
} from './protocol.ts';
