import { describe } from 'vitest';
import { conformance } from '../../traffic/conformance/cases.ts';
import { lacks, routerComponent } from '../support/component.ts';

const component = routerComponent('traefik');

describe.skipIf(lacks(component))(`traefik (missing? ${component.install})`, () => {
  conformance('traefik', {
    shareErrorPercent: 0,
    lengthBesideEncoding: 'dropped',
    bodyOnClosingConnection: 'may fail',
    sessionIds: 'none',
    changes: 'at once',
    brokenAnswers: 'not told',
    streamsNotBegun: 'timed',
    responseTimeoutMs: 2_000,
  });
});
