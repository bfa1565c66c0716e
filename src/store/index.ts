export { openStore } from './open.ts';
export type { Store, StoreOptions } from './open.ts';
export { currentOwner } from './owner.ts';
export type { Owner } from './owner.ts';
export type { AuditReport, ChainAudit } from './audit.ts';
export type { ChainTip, EventQuery } from './events.ts';
export type { ReleaseRecord } from './releases.ts';
export type { StoredDocument } from './documents.ts';
export type { SecretName, StoredSecret } from './secret-rows.ts';
