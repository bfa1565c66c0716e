import { afterAll, beforeAll } from 'vitest';
import type { ProgramKind } from '../../../src/traffic/index.ts';
import { choosing } from './choosing.ts';
import { counting } from './counting.ts';
import { edge } from './edge.ts';
import { lots } from './lots.ts';
import { restarting } from './restarting.ts';
import { switching } from './switching.ts';
import { Suite, type Differences } from './suite.ts';

export type { Differences } from './suite.ts';

/** What every router promises, one table for all. */
export function conformance(kind: 'embedded' | ProgramKind, differences: Differences): void {
  const suite = new Suite(kind);
  beforeAll(() => suite.start(differences));
  afterAll(() => suite.close());

  choosing(suite, differences);
  edge(suite, differences);
  switching(suite);
  counting(suite, differences);
  lots(suite);
  restarting(suite);
}
