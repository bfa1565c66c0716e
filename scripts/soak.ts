import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/*
 * The long versions of the tests that kill, freeze, cut, judge and roll out under load: node scripts/soak.ts [NAME …]
 * A variable that is set already wins over what stands here: SLIPWAY_ROLLOUTS=40 node scripts/soak.ts rollouts-nginx
 * Each suite's whole output goes to .soak/NAME.log; here is told how it ended, and with which seed it can be repeated.
 */

interface Suite {
  name: string;
  project: 'unit' | 'rig' | 'real';
  file: string;
  env: Record<string, string>;
}

const suites: Suite[] = [
  {
    name: 'delivery-histories',
    project: 'unit',
    file: 'src/delivery/chaos.test.ts',
    env: { SLIPWAY_CHAOS_RUNS: '3000' },
  },
  {
    name: 'store-histories',
    project: 'unit',
    file: 'src/store/flow-histories.test.ts',
    env: { SLIPWAY_HISTORIES: '2000' },
  },
  {
    name: 'server-kills',
    project: 'rig',
    file: 'test/chaos/server-kills.test.ts',
    env: { SLIPWAY_KILLS: '300' },
  },
  {
    name: 'frozen-server',
    project: 'rig',
    file: 'test/chaos/frozen-server.test.ts',
    env: { SLIPWAY_FREEZES: '30' },
  },
  {
    name: 'docker-kills',
    project: 'real',
    file: 'test/real/docker-chaos.test.ts',
    env: { SLIPWAY_DOCKER_KILLS: '300' },
  },
  {
    name: 'docker-faults',
    project: 'real',
    file: 'test/real/docker-faults.test.ts',
    env: { SLIPWAY_FAULTS: '10' },
  },
  {
    name: 'docker-cut-off',
    project: 'real',
    file: 'test/real/docker-cut-off.test.ts',
    env: { SLIPWAY_FAULTS: '10' },
  },
  {
    name: 'judge',
    project: 'real',
    file: 'test/real/judge-docker.test.ts',
    env: { SLIPWAY_GOOD_CANARIES: '200', SLIPWAY_CRASH_SECONDS: '60' },
  },
  {
    name: 'packages',
    project: 'real',
    file: 'test/real/packages.test.ts',
    env: { SLIPWAY_PACKAGES: 'all' },
  },
  ...['embedded', 'haproxy', 'nginx', 'caddy', 'traefik'].map(rolloutsBehind),
];

/** Two hundred rollouts with a thousand requests a second, and downloads of minutes. */
function rolloutsBehind(router: string): Suite {
  return {
    name: `rollouts-${router}`,
    project: 'real',
    file: 'test/real/rollouts-under-load.test.ts',
    env: {
      SLIPWAY_ROUTERS: router,
      SLIPWAY_ROLLOUTS: '200',
      SLIPWAY_RATE: '1000',
      SLIPWAY_LONG_SECONDS: '150',
    },
  };
}

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, '.soak');

async function soak({ name, project, file, env: usual }: Suite): Promise<boolean> {
  const set = Object.keys(usual).map((key) => [key, process.env[key] ?? usual[key] ?? ''] as const);
  const env = Object.fromEntries(set);
  const began = performance.now();
  const log = join(folder, `${name}.log`);
  const settings = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  console.log(`${name}: ${settings.join(' ')} …`);
  const { code, output } = await run(['run', '--project', project, file], env, log);
  const seconds = Math.round((performance.now() - began) / 1_000);
  console.log(`${name}: ${code === 0 ? 'passed' : 'FAILED'} in ${seconds} s`);
  for (const line of output.split('\n')) if (line.startsWith('{')) console.log(`  ${line}`);
  if (code !== 0) console.log(`  read ${log}`);
  return code === 0;
}

function run(
  args: string[],
  env: Record<string, string>,
  log: string,
): Promise<{ code: number | null; output: string }> {
  const file = createWriteStream(log);
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const child = spawn(process.execPath, [vitest, ...args], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8');
    file.write(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => file.write(chunk));
  return new Promise((resolve) =>
    child.on('close', (code) => {
      file.end();
      resolve({ code, output });
    }),
  );
}

const wanted = process.argv.slice(2);
const chosen = suites.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
if (chosen.length === 0) {
  console.error(`no such suite; there are: ${suites.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
let failed = 0;
for (const suite of chosen) if (!(await soak(suite))) failed += 1;
console.log(`${chosen.length - failed} of ${chosen.length} suites passed`);
process.exit(failed === 0 ? 0 : 1);
