import { describe, expect, test } from 'vitest';
import { parseApp } from '../app/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import { abilities } from '../traffic/index.ts';
import { machineObstacles, type AskedMachine } from './machine-fit.ts';
import type { MachineFacts } from './machines/model.ts';

function facts(home: string, more: Partial<MachineFacts> = {}): MachineFacts {
  return {
    version: '1.0.0',
    home,
    abilities: abilities.embedded,
    engine: { architecture: 'x86_64' } as MachineFacts['engine'],
    free: { memoryBytes: null, diskBytes: null },
    claims: [],
    ...more,
  };
}

/** What stands in the way of an environment on these machines. */
function obstacles(asked: AskedMachine[], keys = ''): string[] {
  const app = parseApp({
    rootFiles: ['compose.yml'],
    slipwayYml: { file: 'slipway.yml', text: `name: shop\nenvironments: { production: { ${keys} } }` },
    fallbackName: 'shop',
  });
  const definition = app.ok ? app.value.environments[0] : undefined;
  if (!definition) throw new Error('no environment');
  return machineObstacles({ definition, asked, own: facts('a') }).map(
    ({ machine, finding }) => `${machine} ${finding.code} ${finding.message}`,
  );
}

const own: AskedMachine = { name: 'here', facts: facts('a') };
const two = (more: Partial<MachineFacts> = {}): AskedMachine => ({
  name: 'ana@two',
  facts: facts('b', more),
});

describe('on several machines', () => {
  test('nothing stands in the way where each can do what is asked', () => {
    expect(obstacles([own, two()])).toEqual([]);
    expect(obstacles([two()])).toEqual([]);
  });

  test('one that does not answer is told with its own reason, and how to do without it', () => {
    const reason = new CodedError('wiring/machine-silent', 'ana@two does not answer: no route', {
      help: 'see what is wrong: slipway status --host ana@two',
    });
    const silent: AskedMachine = { name: 'ana@two', facts: null, reason };
    expect(obstacles([own, silent])).toEqual([
      'ana@two wiring/machine-silent ana@two does not answer: no route',
    ]);
  });

  test('two names of one machine are found, this server among them', () => {
    const again: AskedMachine = { name: 'ssh://ana@10.0.0.2', facts: facts('b') };
    expect(obstacles([own, two(), again])).toEqual([
      'ssh://ana@10.0.0.2 wiring/machine-twice ssh://ana@10.0.0.2 is the same machine as ana@two',
    ]);
    expect(obstacles([{ name: 'localhost', facts: facts('a') }])).toEqual([
      'localhost wiring/machine-twice localhost is the same machine as here',
    ]);
  });

  test('images are made for one kind of processor', () => {
    const engine = { architecture: 'aarch64' } as MachineFacts['engine'];
    expect(obstacles([own, two({ engine })])).toEqual([
      'ana@two wiring/machine-processor ana@two is aarch64, and images are made for x86_64',
    ]);
  });

  test('every router must be able to do what the environment asks for', () => {
    const keys = 'strategy: { canary: { testers: { header: "x_canary: yes" } } }';
    const able = { abilities: abilities.nginx };
    expect(obstacles([own, two(able)], keys)).toEqual([
      expect.stringContaining(
        'ana@two wiring/router-cannot the router of ana@two cannot do what production asks for',
      ),
    ]);
  });

  test('a host that another app answers over there is taken', () => {
    const claims = [{ scope: 'blog/production', hosts: ['shop.localhost', '*'] }];
    expect(obstacles([own, two({ claims })])).toEqual([
      'ana@two wiring/host-taken on ana@two, host "shop.localhost" is served by blog/production already',
    ]);
  });
});
