import { expect, test } from 'vitest';
import { parseApp } from '../app/index.ts';
import { loadCompose } from '../compose/index.ts';
import type { Vault } from '../secrets/index.ts';
import { checkBinds } from './bind-checks.ts';
import { readForPlan } from './plan-compose.ts';

const committed = [
  'compose.yml',
  'conf/app.conf',
  'conf/more/extra.conf',
  'nginx.conf',
  'storage/.gitignore',
  'storage/sessions/.gitkeep',
];

async function said(...volumes: string[]) {
  const text = `services:\n  web:\n    image: a\n    volumes:\n${volumes.map((one) => `      - ${one}\n`).join('')}`;
  const loaded = loadCompose({
    files: ['compose.yml'],
    sources: { read: (path) => (path === 'compose.yml' ? text : null) },
    env: {},
    profiles: [],
  });
  if (!loaded.ok) throw new Error(loaded.findings.map(({ message }) => message).join('\n'));
  const list = (prefix: string) =>
    Promise.resolve(
      committed.filter((path) => prefix === '' || path === prefix || path.startsWith(`${prefix}/`)),
    );
  const findings = await checkBinds(loaded.value, { list });
  return findings.map(({ severity, message, at }) => `${severity} ${at?.start.line}: ${message}`);
}

test('a folder of the commit that is mounted as if it were writable is a warning with its line', async () => {
  expect(await said('/srv:/srv', './conf/:/etc/app')).toEqual([
    'warning 6: "web" gets the folder conf of the commit at /etc/app, and cannot write there: it is mounted read-only',
  ]);
  expect(await said('.:/app')).toEqual([
    'warning 5: "web" gets the folder . of the commit at /app, and cannot write there: it is mounted read-only',
  ]);
});

test('of a file a note is enough', async () => {
  expect(await said('./nginx.conf:/etc/nginx.conf')).toEqual([
    'note 5: "web" gets the file nginx.conf of the commit at /etc/nginx.conf, and cannot write there: it is mounted read-only',
  ]);
});

test('nothing is said of what says so itself, of data, and of folders that are kept for data', async () => {
  expect(
    await said(
      './conf:/etc/app:ro',
      '{ type: bind, source: ./nginx.conf, target: /n, read_only: true }',
      './uploads:/uploads',
      './storage:/storage',
      './storage/sessions:/sessions',
    ),
  ).toEqual([]);
});

test('plan and ship say it beside what the Compose file alone shows', async () => {
  const text = `services:
  web: { build: ., ports: ["80:3000"] }
  broker: { image: acme/broker, ports: ["1883:1883"], volumes: ["./conf:/etc/broker"] }
`;
  const app = parseApp({ rootFiles: ['compose.yml'], fallbackName: 'shop' });
  const [definition] = app.ok ? app.value.environments : [];
  if (!app.ok || !definition) throw new Error('no app');
  const files = {
    read: (path: string) => Promise.resolve(path === 'compose.yml' ? text : null),
    list: (prefix: string) => Promise.resolve(committed.filter((path) => path.startsWith(`${prefix}/`))),
  };
  const { result } = await readForPlan({ app: app.value, definition, files }, {} as Vault);
  const found = result.ok ? result.warnings : result.findings;
  expect(found.map(({ severity, code, at }) => `${severity} ${code} ${at?.start.line}`)).toEqual([
    'note app/local-port 3',
    'warning wiring/read-only-mount 3',
  ]);
});
