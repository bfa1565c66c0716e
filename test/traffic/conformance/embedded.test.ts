import { describe } from 'vitest';
import { conformance } from './cases.ts';

describe('the embedded router', () => {
  conformance('embedded', {
    // Shares are drawn by lot: 7 points are over four standard deviations of 1,000 draws at one half.
    shareErrorPercent: 7,
    lengthBesideEncoding: 'refused',
    bodyOnClosingConnection: 'survives',
    sessionIds: 'kept',
    changes: 'at once',
    brokenAnswers: 'counted',
    streamsNotBegun: 'not timed',
    responseTimeoutMs: 2_000,
  });
});
