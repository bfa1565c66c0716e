import { describe } from 'vitest';
import { conformance } from '../../traffic/conformance/cases.ts';
import { lacks, routerComponent } from '../support/component.ts';

const component = routerComponent('caddy');

describe.skipIf(lacks(component))(`caddy (missing? ${component.install})`, () => {
  conformance('caddy', {
    // Shares are drawn by lot: 6 points are almost four standard deviations of 1,000 draws at one half.
    shareErrorPercent: 6,
    lengthBesideEncoding: 'dropped',
    bodyOnClosingConnection: 'may fail',
    sessionIds: 'kept',
    changes: 'at once',
    brokenAnswers: 'counted',
    streamsNotBegun: 'not timed',
    responseTimeoutMs: 2_000,
  });
});
