import { describe } from 'vitest';
import { conformance } from './cases.ts';

describe('the embedded router', () => {
  conformance('embedded', {
    shareErrorPercent: 0,
    lengthBesideEncoding: 'refused',
    bodyOnClosingConnection: 'survives',
    sessionIds: 'kept',
    changes: 'at once',
    brokenAnswers: 'counted',
    responseTimeoutMs: 2_000,
  });
});
