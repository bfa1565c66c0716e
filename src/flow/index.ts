export type {
  Claim,
  CommitResult,
  Flow,
  FlowHandler,
  FlowStore,
  Json,
  NewEvent,
  Signal,
  StoredEvent,
  TickContext,
  Transition,
} from './types.ts';
export { retryDelayMs, tickOnce } from './tick.ts';
export type { TickPorts, TickResult } from './tick.ts';
export type { Clock } from './clock.ts';
export { advanceObserved, startObserved } from './observed-time.ts';
export type { ObservedTimer } from './observed-time.ts';
export { copyJson } from './copy-json.ts';
export { canonicalJson } from './canonical-json.ts';
export { firstPreviousHash, headText, linkHash, verifyChain } from './chain.ts';
export type { ChainHead, ChainLink, ChainVerdict, HeadState } from './chain.ts';
export { describeVerdict } from './verdict-text.ts';
