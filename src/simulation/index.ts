export { playBesidePeers, playMany, type PeerName, type Repetition } from './many.ts';
export { playUntilStopped } from './held.ts';
export { simulationPage } from './page.ts';
export { planOf, type Plan } from './plan.ts';
export { report, type CandidateReport, type Question, type SimulationReport } from './report.ts';
export type { Simulation } from './rollout.ts';
export { shareOf, type Share, type Summary } from './summary.ts';
export {
  quantileMs,
  steadyTraffic,
  usualBursts,
  usualStalls,
  type Bursts,
  type Candidate,
  type Latency,
  type Traffic,
} from './traffic.ts';
export { waldSessions } from './wald.ts';
export {
  judgeText,
  minutesText,
  percent,
  planText,
  rolloutsText,
  shareText,
  thousands,
  trafficText,
} from './words.ts';
