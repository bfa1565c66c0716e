import { describe } from 'vitest';
import { conformance, type Differences } from '../traffic/conformance/cases.ts';
import type { ProgramKind } from '../../src/traffic/index.ts';
import { lacks } from './support/component.ts';

/** Shares are drawn by lot: 6 points are almost four standard deviations of 1,000 draws at one half. */
const routers: [ProgramKind, Differences][] = [
  [
    'haproxy',
    {
      shareErrorPercent: 6,
      lengthBesideEncoding: 'dropped',
      bodyOnClosingConnection: 'may fail',
      responseTimeoutMs: 2_000,
    },
  ],
  [
    'nginx',
    {
      shareErrorPercent: 6,
      lengthBesideEncoding: 'refused',
      bodyOnClosingConnection: 'may fail',
      responseTimeoutMs: 10_000,
    },
  ],
];

for (const [kind, differences] of routers) {
  const component = { name: kind, file: `/usr/sbin/${kind}`, install: `apt-get install ${kind}` };
  describe.skipIf(lacks(component))(`${kind} (missing? ${component.install})`, () => {
    conformance(kind, differences);
  });
}
