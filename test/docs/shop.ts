import { join } from 'node:path';
import type { Scene, Typist } from './typist.ts';

/*
 * A small app with a database and migrations, and what can happen to it at night. Each scene begins from wherever the one
 * before has left the shop.
 */

const server = (column = 'price') => `import { createServer } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
const database = new DatabaseSync(process.env.STATE_DIRECTORY + '/shop.db');
createServer((request, response) => {
  try {
    const { n } = database.prepare('select count(${column}) as n from products').get();
    response.end(n + ' products\\n');
  } catch (error) {
    response.writeHead(500).end(error + '\\n');
  }
}).listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listens'));
`;

const migrate = `import { readdirSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
const database = new DatabaseSync(process.env.STATE_DIRECTORY + '/shop.db');
database.exec('create table if not exists migrations (name text primary key)');
for (const name of readdirSync('migrations').sort()) {
  if (database.prepare('select 1 from migrations where name = ?').get(name)) continue;
  console.log('applies ' + name);
  try {
    database.exec('begin; ' + readFileSync('migrations/' + name, 'utf8'));
  } catch (error) {
    console.log(String(error));
    process.exit(1);
  }
  database.prepare('insert into migrations values (?)').run(name);
  database.exec('commit');
}
`;

const slipwayYml = (more = '') => `name: shop
environments:
  production:
    branches: [main]
    health: { path: /, interval: 100ms, deadline: 20m }
    bake: 0s
${more}`;

const workflow = `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: echo tested
`;

async function commit(typist: Typist, title: string, files: Record<string, string>): Promise<void> {
  await typist.write(files);
  await typist.type(`git add -A; git commit -q --allow-empty -m "${title}"`);
}

/** Ships without looking, until the status says so. */
async function shipUntil(typist: Typist, says: RegExp): Promise<void> {
  await typist.type('slipway ship --detach');
  await typist.typeUntil('slipway status', says);
}

async function rest(typist: Typist): Promise<void> {
  await typist.typeUntil('slipway status', /^(?!.*Under way)/s);
}

export const sellThings: Scene = async (typist) => {
  typist.folder = typist.root;
  // The tests' own Node runs the app: the machine need not have one with SQLite in it.
  const node = `exec '${process.execPath}'`;
  await typist.write({ 'shop/README.md': '# shop\n' });
  await typist.type('cd shop; git init -q -b main');
  await commit(typist, 'First version', {
    'package.json': '{ "name": "shop", "private": true, "type": "module" }\n',
    Procfile: `release: ${node} migrate.js\nweb: ${node} server.js\n`,
    'server.js': server(),
    'migrate.js': migrate,
    'migrations/1.sql':
      "create table products (name text, price integer); insert into products values ('bell', 3);\n",
    'slipway.yml': slipwayYml(),
    '.github/workflows/ci.yml': workflow,
  });
  // A server may need longer to start than a ship waits for it.
  await typist.typeUntil('slipway ship', /live on production|already runs here/);
};

export const stuck: Record<string, Scene> = {
  'a hold that waits for nobody': async (typist) => {
    await commit(typist, 'Second version', {
      'slipway.yml': slipwayYml('    strategy: { blue-green: { hold: approval } }\n'),
    });
    await shipUntil(typist, /waits for an approval/);
  },
  'a rollout that somebody paused': async (typist) => {
    await rest(typist);
    await commit(typist, 'Third version', {
      'slipway.yml': slipwayYml('    strategy: { canary: { steps: [50%, 100%], hold: 1h } }\n'),
    });
    await shipUntil(typist, /holds r3 at 50 %/);
    await typist.type('slipway pause');
    await typist.typeUntil('slipway status', /paused by/);
  },
  'a version that does not become ready': async (typist) => {
    await rest(typist);
    await commit(typist, 'Fourth version', {
      'slipway.yml': slipwayYml(),
      'server.js': `console.log('waits for a cache that is not there');\nsetInterval(() => {}, 1_000);\n`,
    });
    await shipUntil(typist, /nothing listens/);
  },
  'a migration that hangs': async (typist) => {
    await rest(typist);
    await commit(typist, 'Fifth version', {
      'server.js': server(),
      'migrate.js': `console.log('waits for a lock');\nsetInterval(() => {}, 1_000);\n`,
    });
    await shipUntil(typist, /runs the release command/);
    await typist.typeUntil('slipway logs production', /waits for a lock/);
  },
  'a server that was killed': async (typist) => {
    await rest(typist);
    await typist.type(`kill -9 $(slipway status --json | sed 's/.*"pid":\\([0-9]*\\),"home".*/\\1/')`);
    await typist.typeUntil('slipway status', /unreachable/);
  },
};

export const migrations: Record<string, Scene> = {
  'a migration that fails': (typist) =>
    commit(typist, 'Add the stock', {
      'migrate.js': migrate,
      'migrations/2-stock.sql': 'alter tabel products add column stock;\n',
    }),
  'a migration that breaks what serves': (typist) =>
    commit(typist, 'Count in cents', {
      'server.js': server('cents'),
      'migrations/3-cents.sql': 'alter table products rename column price to cents;\n',
    }),
  'a migration that cannot be undone': async (typist) => {
    await commit(typist, 'Forget the prices', {
      'server.js': server('name'),
      'migrations/5-no-prices.sql': 'alter table products drop column price;\n',
      'slipway.yml': `${slipwayYml()}migration: { irreversible: true }\n`,
    });
    await typist.type('slipway ship');
  },
};

/** Where a copy of the shop writes. */
export const logOf = ({ home }: Typist, copy: string): string =>
  join(home, 'apps/shop/logs/production', `${copy}.log`);
