export { playBesidePeers, playMany, type PeerName, type Repetition } from './many.ts';
export { planOf, sharedMs, type Plan } from './plan.ts';
export { edgesOf, type Simulation } from './rollout.ts';
export { shareOf, type Share, type Summary } from './summary.ts';
export {
  quantileMs,
  steadyTraffic,
  usualBursts,
  type Bursts,
  type Candidate,
  type Latency,
  type Traffic,
} from './traffic.ts';
export { waldSessions } from './wald.ts';
