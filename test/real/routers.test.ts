import { describe } from 'vitest';
import { conformance, type Differences } from '../traffic/conformance/cases.ts';
import type { ProgramKind } from '../../src/traffic/index.ts';
import { lacks, routerComponent } from './support/component.ts';

/** Shares are drawn by lot: 6 points are almost four standard deviations of 1,000 draws at one half. */
const routers: [ProgramKind, Differences][] = [
  [
    'haproxy',
    {
      shareErrorPercent: 6,
      lengthBesideEncoding: 'dropped',
      bodyOnClosingConnection: 'may fail',
      sessionIds: 'kept',
      brokenAnswers: 'counted',
      responseTimeoutMs: 10_000,
    },
  ],
  [
    'nginx',
    {
      shareErrorPercent: 6,
      lengthBesideEncoding: 'refused',
      bodyOnClosingConnection: 'may fail',
      sessionIds: 'kept',
      brokenAnswers: 'counted',
      responseTimeoutMs: 10_000,
    },
  ],
  [
    'caddy',
    {
      shareErrorPercent: 6,
      lengthBesideEncoding: 'dropped',
      bodyOnClosingConnection: 'may fail',
      sessionIds: 'kept',
      brokenAnswers: 'counted',
      responseTimeoutMs: 2_000,
    },
  ],
  [
    'traefik',
    {
      shareErrorPercent: 0,
      lengthBesideEncoding: 'dropped',
      bodyOnClosingConnection: 'may fail',
      sessionIds: 'none',
      brokenAnswers: 'not told',
      responseTimeoutMs: 2_000,
    },
  ],
];

for (const [kind, differences] of routers) {
  const component = routerComponent(kind);
  describe.skipIf(lacks(component))(`${kind} (missing? ${component.install})`, () => {
    conformance(kind, differences);
  });
}
