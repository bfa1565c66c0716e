import { describe } from 'vitest';
import { conformance } from '../../traffic/conformance/cases.ts';
import { lacks, routerComponent } from '../support/component.ts';

const component = routerComponent('haproxy');

describe.skipIf(lacks(component))(`haproxy (missing? ${component.install})`, () => {
  conformance('haproxy', {
    // Shares are drawn by lot: 6 points are almost four standard deviations of 1,000 draws at one half.
    shareErrorPercent: 6,
    lengthBesideEncoding: 'dropped',
    bodyOnClosingConnection: 'may fail',
    sessionIds: 'kept',
    changes: 'at once',
    brokenAnswers: 'counted',
    streamsNotBegun: 'not timed',
    responseTimeoutMs: 10_000,
  });
});
