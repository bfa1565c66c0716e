import type { Typist } from '../../docs/typist.ts';

/*
 * A small Compose app that checks of slipway.yml look at, and that can hold what only one may hold. What it does is said
 * by its variables, so that a version is a change of the Compose file.
 */

const server = `const { createServer } = require('node:http');
const { mkdirSync, rmdirSync } = require('node:fs');
const { VERSION, STATUS = 'ok', GREETING = 'Welcome', LOCK } = process.env;
if (LOCK) mkdirSync(LOCK);
process.on('SIGTERM', () => {
  if (LOCK) rmdirSync(LOCK);
  process.exit(0);
});
createServer((request, response) => {
  const isHealth = request.url === '/health';
  response.setHeader('content-type', isHealth ? 'application/json' : 'text/plain');
  response.setHeader('connection', 'close');
  response.end(isHealth ? JSON.stringify({ status: STATUS }) : GREETING + ' to version ' + VERSION);
}).listen(3000, () => console.log('listens'));
`;

/** Asks the new copies by the name of their service. */
const checkCart = `const { VERSION, CART = 'full' } = process.env;
fetch('http://web:3000/').then(async (answer) => {
  const text = await answer.text();
  console.log('asked ' + text + ', the cart is ' + CART);
  process.exit(text.endsWith('version ' + VERSION) && CART === 'full' ? 0 : 1);
});
`;

const slipwayYml = (more: string) => `name: shop
${more}
environments:
  production:
    branches: [main]
    health: { path: /health, interval: 200ms, deadline: 30s }
    checks:
      before:
        - { path: /health, json: { status: ok }, timeout: 3s }
        - { run: node check-cart.js }
      after:
        - { path: /, body: Welcome, timeout: 3s }
    drain-timeout: 5s
    bake: 1s
    rollback-window: 0s
`;

const workflow = `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: echo tested
`;

/** What a version of the shop is. */
export interface ShopVersion {
  version: string;
  variables?: Record<string, string>;
  /** Only one may hold its volume, and users may wait. */
  alone?: boolean;
}

/** Opens the shop: a repository with everything but a Compose file. */
export async function openShop(typist: Typist): Promise<void> {
  await typist.type('mkdir shop; cd shop; git init -q -b main');
  await typist.write({
    Dockerfile: 'FROM slipway-test/node\nCOPY *.js /app/\nCMD ["node", "server.js"]\n',
    'server.js': server,
    'check-cart.js': checkCart,
    '.github/workflows/ci.yml': workflow,
  });
}

/** Commits a version. */
export async function commitShop(
  typist: Typist,
  { version, variables = {}, alone = false }: ShopVersion,
): Promise<void> {
  const environment = { VERSION: version, ...variables, ...(alone ? { LOCK: '/data/lock' } : {}) };
  const web = {
    build: '.',
    ports: ['3000:3000'],
    environment,
    stop_grace_period: '10s',
    ...(alone ? { volumes: ['data:/data'] } : {}),
  };
  const compose = { services: { web }, ...(alone ? { volumes: { data: {} } } : {}) };
  await typist.write({
    'compose.yml': JSON.stringify(compose, null, 2),
    'slipway.yml': slipwayYml(alone ? 'services: { web: { downtime: allowed } }' : ''),
  });
  await typist.type(`git add -A; git commit -q --allow-empty -m "Version ${version}"`);
}
