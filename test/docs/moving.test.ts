import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { composeFor, parseApp } from '../../src/app/index.ts';
import { loadCompose } from '../../src/compose/index.ts';
import { parseWorkflow } from '../../src/workflow/index.ts';
import { blocksOf, pages } from './pages.ts';

/* The files that the pages "moving from" end with are an app that Slipway takes as it stands, without a word of warning. */

const moving = pages.filter((page) => page.startsWith('docs/moving-from-'));
const values = { POSTGRES_PASSWORD: 'secret', POSTGRES_USER: 'shop', DATABASE_URL: 'postgres://shop' };

test('there is one for each place that people come from', () => {
  expect(moving).toHaveLength(3);
});

test.each(moving)('%s ends with an app that is taken as it is', (page) => {
  const files = new Map(
    blocksOf(page)
      .filter(({ language, info }) => language === 'yaml' && info !== '')
      .map(({ info, text }) => [info, text]),
  );
  const text = (file: string) => files.get(file) ?? '';
  const app = parseApp({
    rootFiles: ['compose.yml'],
    slipwayYml: { file: 'slipway.yml', text: text('slipway.yml') },
    fallbackName: 'app',
  });
  if (!app.ok) throw new Error(JSON.stringify(app.findings));
  expect(app.warnings).toEqual([]);
  const [production] = app.value.environments;
  if (!production || app.value.kind !== 'compose') throw new Error('no Compose app for production');
  expect(app.value.name).toBe('shop');
  const sources = { read: (path: string) => files.get(path) ?? null };
  const compose = composeFor({ app: app.value, environment: production, sources, env: values });
  expect(compose.ok ? compose.warnings : compose.findings).toEqual([]);
  if (!compose.ok) return;
  const roles = Object.fromEntries(compose.value.services.map(({ name, role }) => [name, role]));
  expect(roles).toMatchObject({ web: 'web', db: 'shared' });
  if (page.includes('kamal')) expect(roles).toMatchObject({ job: 'worker', migrate: 'task' });
  expect(parseWorkflow(text('.github/workflows/ci.yml'), 'ci.yml')).toMatchObject({ ok: true, warnings: [] });
});

test.each(moving)('%s begins with files that are whole', (page) => {
  const [before] = blocksOf(page).filter(({ language, info }) => language === 'yaml' && info === '');
  const content = parse(before?.text ?? '') as { services?: object; service?: string };
  if (page.includes('kamal')) {
    expect(content).toMatchObject({ service: 'shop', accessories: { db: { image: 'postgres:17' } } });
    return;
  }
  const loaded = loadCompose({
    files: ['compose.yml'],
    sources: {
      read: (path) => (path === 'compose.yml' ? (before?.text ?? '') : path.startsWith('.env') ? '' : null),
    },
    env: values,
    profiles: [],
  });
  expect(loaded.ok ? [] : loaded.findings).toEqual([]);
});
