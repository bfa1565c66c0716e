import { expect, test } from 'vitest';
import { forecastLines } from '../../src/cli/render/forecast-lines.ts';
import { forecastRollout } from '../../src/wiring/forecast/forecast.ts';
import { resolved, running } from '../../src/wiring/forecast/testing/situation.ts';
import { blocksOf } from './pages.ts';

const blocks = blocksOf('docs/plan.md');
const block = (info: string) => blocks.find((one) => one.info === info)?.text ?? '';

test('docs/plan.md shows what a plan says of the commit that it changes into', () => {
  const images = {
    web: { there: false, aboutBytes: 190 * 2 ** 20 },
    backend: { there: false, aboutBytes: 240 * 2 ** 20 },
    worker: { there: true },
    migrate: { there: true },
    database: { there: true },
  } as const;
  const yml = block('slipway.yml');
  const forecast = forecastRollout({
    ...resolved({ compose: block('compose.yml after'), yml }),
    state: running({ compose: block('compose.yml'), yml }),
    changedFiles: ['backend/worker.js', 'backend/migrations/2.sql', 'compose.yml'],
    ignoreFiles: {},
    machines: [{ name: 'here', problem: null, free: { memoryBytes: null, diskBytes: null }, images }],
  });
  const lines = forecastLines(forecast, { color: false, columns: 200 });
  expect(`${lines.map((line) => line.slice(4)).join('\n')}\n`).toBe(block('forecast'));
});
