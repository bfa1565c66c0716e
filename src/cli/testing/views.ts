import type {
  CopyView,
  EnvironmentView,
  HealthView,
  JobView,
  PlanView,
  RampView,
  RolloutView,
  RunView,
  ShipView,
  StatusView,
  StepView,
} from '../../wiring/index.ts';

/* Views as a server would answer them, with what a test is about as the argument. Times start at 1,000,000 ms. */

export const startMs = 1_000_000;
export const commit = 'abc1234def5678abc1234def5678abc1234def56';

export function aStep(over: Partial<StepView> = {}): StepView {
  return {
    name: 'Run npm test',
    state: 'pending',
    startedAtMs: null,
    finishedAtMs: null,
    error: null,
    ...over,
  };
}

export function aJob(over: Partial<JobView> = {}): JobView {
  return {
    key: 'test',
    name: 'Test',
    state: 'pending',
    reason: null,
    needs: [],
    environment: null,
    startedAtMs: null,
    finishedAtMs: null,
    steps: [],
    wouldShip: [],
    ...over,
  };
}

export function aRun(over: Partial<RunView> = {}): RunView {
  return {
    id: 'ship-1-1',
    workflow: 'CI',
    file: '.github/workflows/ci.yml',
    state: 'running',
    name: 'first',
    attempt: 1,
    reason: null,
    jobs: [],
    ...over,
  };
}

export function aRollout(over: Partial<RolloutView> = {}): RolloutView {
  return {
    id: 'ro-1',
    app: 'medianest',
    environment: 'production',
    kind: 'deploy',
    state: 'queued',
    detail: '',
    next: null,
    asks: null,
    revision: 'r2',
    from: 'r1',
    commit,
    title: 'Add a health page',
    release: 'sha256:1',
    weightPercent: 0,
    actor: 'ana',
    requestedAtMs: startMs + 10_000,
    liveAtMs: null,
    finishedAtMs: null,
    unproven: null,
    logTail: [],
    ...over,
  };
}

export function aShip(over: Partial<ShipView> = {}): ShipView {
  return {
    id: 'ship-1',
    app: 'medianest',
    commit,
    title: 'Add a health page',
    ref: 'refs/heads/main',
    actor: 'ana',
    state: 'running',
    reason: null,
    startedAtMs: startMs,
    finishedAtMs: null,
    runs: [],
    rollouts: [],
    ...over,
  };
}

export function aCopy(over: Partial<CopyView> = {}): CopyView {
  return {
    id: 'r1-web-1',
    machine: 'here',
    process: 'web',
    role: 'web',
    phase: 'ready',
    port: null,
    restarts: 0,
    pid: null,
    drift: null,
    ...over,
  };
}

export function anEnvironment(over: Partial<EnvironmentView> = {}): EnvironmentView {
  return {
    app: 'medianest',
    environment: 'production',
    urls: ['http://medianest.localhost:8080'],
    serving: {
      revision: 'r1',
      commit: '9f8e7d6c5b4a9f8e7d6c5b4a9f8e7d6c5b4a9f8e',
      title: 'First',
      release: 'sha256:0',
      liveAtMs: startMs - 7_200_000,
      instances: [
        aCopy({ id: 'r1-web-1', port: 4001, pid: 11 }),
        aCopy({ id: 'r1-web-2', port: 4002, restarts: 1, pid: 12 }),
      ],
      traffic: {
        weightPercent: 100,
        inFlight: 2,
        requests: 340,
        errors: 0,
        sessions: 68,
        p50Ms: 20,
        p95Ms: 60,
      },
    },
    standby: null,
    broken: null,
    shared: [],
    machines: [{ name: 'here', silent: null, traffic: null }],
    rollout: null,
    ...over,
  };
}

export function aHealth(over: Partial<HealthView> = {}): HealthView {
  return {
    version: '0.1.0',
    pid: 42,
    home: '/var/lib/slipway',
    listen: '127.0.0.1:8080',
    listenTls: null,
    startedAtMs: startMs - 60_000,
    warnings: [],
    ...over,
  };
}

export function aStatus(over: Partial<StatusView> = {}): StatusView {
  return { server: aHealth(), environments: [anEnvironment()], ships: [], ramps: [], ...over };
}

export function aRamp(over: Partial<RampView> = {}): RampView {
  return {
    app: 'medianest',
    environment: 'production',
    id: 'ra-1',
    flag: 'checkout',
    variant: 'new',
    steps: [1, 20, 100],
    percent: 20,
    state: 'holding',
    leftMs: 180_000,
    word: 'about 50 more users who meet trouble are needed',
    by: 'ana',
    startedAtMs: startMs - 600_000,
    ...over,
  };
}

export function aPlan(over: Partial<PlanView> = {}): PlanView {
  return {
    app: 'medianest',
    commit,
    title: 'Add a health page',
    ref: 'refs/heads/main',
    workflows: [
      {
        file: '.github/workflows/ci.yml',
        name: 'CI',
        triggered: true,
        reason: null,
        jobs: [
          { id: 'lint', name: 'Lint', needs: [], environment: null, deploys: false },
          { id: 'test', name: 'Test', needs: [], environment: null, deploys: false },
          { id: 'deploy', name: 'Deploy', needs: ['lint', 'test'], environment: 'production', deploys: true },
        ],
      },
      {
        file: '.github/workflows/nightly.yml',
        name: 'Nightly',
        triggered: false,
        reason: 'it starts by schedule',
        jobs: [],
      },
    ],
    release: ['the commit\'s files, with dist/ of the artifact "release" over them'],
    environments: [
      {
        name: 'production',
        takesRef: true,
        promoteFrom: 'staging',
        strategy: 'blue-green',
        serving: { revision: 'r1', commit: '9f8e7d6c5b4a', title: 'First' },
        changes: ['web: 1 copy becomes 2', 'runs the release command once'],
        forecast: null,
      },
    ],
    findings: [],
    ...over,
  };
}

/** A whole ship, from its first view to its last: three jobs, then staging and production. */
export function shipStory(): ShipView[] {
  const at = (ms: number) => startMs + ms;
  const lint = (over: Partial<JobView>) => aJob({ key: 'lint', name: 'Lint', ...over });
  const deploy = (over: Partial<JobView>) =>
    aJob({ key: 'deploy', name: 'Deploy', needs: ['lint', 'test'], environment: 'production', ...over });
  const lintDone = lint({
    state: 'success',
    startedAtMs: at(100),
    finishedAtMs: at(3300),
    steps: [
      aStep({ name: 'Run npm run lint', state: 'success', startedAtMs: at(200), finishedAtMs: at(3300) }),
    ],
  });
  const testDone = aJob({
    state: 'success',
    startedAtMs: at(100),
    finishedAtMs: at(8100),
    steps: [aStep({ state: 'success', startedAtMs: at(2000), finishedAtMs: at(8100) })],
  });
  const parked = deploy({ state: 'parked', startedAtMs: at(8200) });
  const jobs = (...list: JobView[]) => [aRun({ jobs: list })];
  const rollout = (over: Partial<RolloutView>) => aRollout({ requestedAtMs: at(8300), ...over });
  return [
    aShip(),
    aShip({
      runs: jobs(
        lint({
          state: 'running',
          startedAtMs: at(100),
          steps: [aStep({ name: 'Run npm run lint', state: 'running', startedAtMs: at(200) })],
        }),
        aJob({
          state: 'running',
          startedAtMs: at(100),
          steps: [aStep({ state: 'running', startedAtMs: at(2000) })],
        }),
        deploy({}),
      ),
    }),
    aShip({
      runs: jobs(
        lintDone,
        aJob({
          state: 'running',
          startedAtMs: at(100),
          steps: [aStep({ state: 'running', startedAtMs: at(2000) })],
        }),
        deploy({}),
      ),
    }),
    aShip({
      runs: jobs(lintDone, testDone, parked),
      rollouts: [rollout({ state: 'starting', detail: 'waits until r2 is ready' })],
    }),
    aShip({
      runs: jobs(lintDone, testDone, parked),
      rollouts: [rollout({ state: 'shifting', weightPercent: 50, detail: 'moves 50 % of traffic to r2' })],
    }),
    aShip({
      runs: jobs(lintDone, testDone, parked),
      rollouts: [
        rollout({
          state: 'baking',
          weightPercent: 100,
          detail: 'watches r2',
          liveAtMs: at(9500),
        }),
      ],
    }),
    aShip({
      state: 'succeeded',
      finishedAtMs: at(13_200),
      runs: [
        aRun({
          state: 'success',
          jobs: [
            lintDone,
            testDone,
            deploy({ state: 'success', startedAtMs: at(8200), finishedAtMs: at(13_100) }),
          ],
        }),
      ],
      rollouts: [
        rollout({
          state: 'succeeded',
          weightPercent: 100,
          detail: 'all well',
          liveAtMs: at(9500),
          finishedAtMs: at(13_000),
        }),
      ],
    }),
  ];
}
