import { describe } from 'vitest';
import { conformance } from '../../traffic/conformance/cases.ts';
import { lacks, routerComponent } from '../support/component.ts';

const component = routerComponent('nginx');

describe.skipIf(lacks(component))(`nginx (missing? ${component.install})`, () => {
  conformance('nginx', {
    // Shares are drawn by lot: 6 points are almost four standard deviations of 1,000 draws at one half.
    shareErrorPercent: 6,
    lengthBesideEncoding: 'refused',
    bodyOnClosingConnection: 'may fail',
    sessionIds: 'kept',
    changes: 'side by side',
    brokenAnswers: 'counted',
    streamsNotBegun: 'not timed',
    responseTimeoutMs: 10_000,
  });
});
