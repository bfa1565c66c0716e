import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerInstall, lacksDocker, sharedDockerd } from '../docker/index.ts';
import { openTypist, type Typist } from '../docs/typist.ts';
import { processesOf, signal, until } from '../rig/index.ts';
import { commitShop, openShop, type ShopVersion } from './support/corner-shop.ts';

/** What users saw: answers by version, the maintenance page, and whatever else there was in full. */
function kindsOf(pages: string[]): string[] {
  const kind = (page: string) =>
    /^200 Welcome to version (\d+)$/.exec(page)?.[1] ??
    (/^503 .*maintenance/is.test(page) ? 'maintenance' : page);
  return [...new Set(pages.map(kind))].toSorted();
}

/** One app on a real engine, shipped by the real command. Each part goes on where the one before it ended. */
describe.skipIf(lacksDocker())(
  `a Compose app: checks, downtime, leftovers, a lost engine (missing? ${dockerInstall})`,
  { timeout: 600_000 },
  () => {
    let url: string;
    let typist: Typist;
    const visits: string[] = [];
    const visiting = new AbortController();
    let visitor = Promise.resolve();

    const docker = (...words: string[]) =>
      execFileSync('/usr/bin/docker', ['-H', url, ...words], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      }).trim();
    const own = () => `label=slipway.home=${readFileSync(join(typist.home, 'home.id'), 'utf8').trim()}`;
    const listed = (...words: string[]) =>
      docker(...words, '--filter', own())
        .split('\n')
        .filter(Boolean);
    const ship = async (version: ShopVersion) => {
      await commitShop(typist, version);
      return (await typist.type('slipway ship')).join('\n');
    };
    const ask = async () => {
      const answer = await fetch(`http://127.0.0.1:${typist.port}/`).catch((error: unknown) => error);
      return answer instanceof Response
        ? `${answer.status} ${await answer.text()}`
        : `failed: ${String(answer)}`;
    };
    /** What users have seen since the last question, each answer once. */
    const seen = () => [...new Set(visits.splice(0))];

    beforeAll(async () => {
      url = await sharedDockerd();
      typist = await openTypist({ DOCKER_HOST: url });
      await openShop(typist);
      await typist.type('slipway up');
    }, 120_000);
    afterAll(async () => {
      visiting.abort();
      await visitor;
      const filter = own();
      await typist.close();
      const all = (...words: string[]) =>
        docker(...words, '--filter', filter)
          .split('\n')
          .filter(Boolean);
      for (const id of all('ps', '-aq')) docker('rm', '-f', id);
      for (const id of all('network', 'ls', '-q')) docker('network', 'rm', id);
      for (const id of new Set(all('images', '-q'))) docker('rmi', '-f', id);
      docker('volume', 'rm', '-f', 'slipway-shop-production_data');
    }, 120_000);

    it('a first version passes its checks, and serves', async () => {
      expect(await ship({ version: '1' })).toContain('live on production');
      expect(await ask()).toBe('200 Welcome to version 1');
      visitor = (async () => {
        while (!visiting.signal.aborted) {
          visits.push(await ask());
          await sleep(20);
        }
      })();
    });

    it('a request that is answered wrongly stops a version before anybody sees it', async () => {
      const said = await ship({ version: '2', variables: { STATUS: 'broken' } });
      expect(said).toContain(
        'the check GET /health was not answered as it should be within 3s: r2-web-1: status is "broken", not "ok", before traffic; none was moved',
      );
      expect(seen()).toEqual(['200 Welcome to version 1']);
      expect(listed('ps', '--format', '{{.Names}}')).toEqual(['slipway-shop-production-r1-web-1']);
    });

    it('so does a command in the new image, which reaches the new copies by their name', async () => {
      const said = await ship({ version: '3', variables: { CART: 'empty' } });
      expect(said).toContain('asked Welcome to version 3, the cart is empty');
      expect(seen()).toEqual(['200 Welcome to version 1']);
    });

    it('a check of what users get takes back what has traffic already', async () => {
      const said = await ship({ version: '4', variables: { GREETING: 'Goodbye' } });
      expect(said).toContain('the check GET / was not answered as it should be within 3s');
      expect(said).toContain('its body does not hold "Welcome"');
      expect(await ask()).toBe('200 Welcome to version 1');
      seen();
      await until('users are back', () => Promise.resolve(visits.length > 3));
      expect(seen()).toEqual(['200 Welcome to version 1']);
    });

    it('a server that dies while a network is made leaves none behind', async () => {
      const networks = () => listed('network', 'ls', '--format', '{{.Name}}');
      const before = networks();
      await commitShop(typist, { version: '5' });
      await typist.type('slipway ship --detach');
      await until('a network more', () => Promise.resolve(networks().length > before.length));
      for (const { pid, command } of processesOf(typist.home))
        if (command.includes('server/main')) signal(pid, 'SIGKILL');
      await typist.type('slipway up');
      await typist.type('slipway abort production');
      await typist.typeUntil('slipway status', /^(?!.*Under way)/s);
      await typist.type('slipway gc');
      expect(networks().toSorted()).toEqual(['slipway-shop-production', 'slipway-shop-production-r1']);
      expect(seen()).toEqual(['200 Welcome to version 1']);
    });

    it('what only one may hold is replaced while users see that they have to wait', async () => {
      await commitShop(typist, { version: '6', alone: true });
      const plan = (await typist.type('slipway plan')).join('\n');
      expect(plan).toContain('predicted downtime: requests fail');
      expect(plan).toContain('users see the maintenance page meanwhile');
      expect((await typist.type('slipway ship')).join('\n')).toContain('live on production');
      expect(await ask()).toBe('200 Welcome to version 6');
      expect(await ship({ version: '7', alone: true })).toContain('live on production');
      expect(await ask()).toBe('200 Welcome to version 7');
      expect(kindsOf(seen())).toEqual(['1', '6', '7', 'maintenance']);
    });

    it('and starts again when its successor does not pass', async () => {
      const said = await ship({ version: '8', alone: true, variables: { STATUS: 'broken' } });
      expect(said).toContain('goes back to');
      await until('users are back', async () => (await ask()) === '200 Welcome to version 7');
      expect(kindsOf(seen())).toEqual(['7', 'maintenance']);
      await typist.type('slipway rollback');
      expect(await ask()).toBe('200 Welcome to version 6');
      expect(kindsOf(seen())).toEqual(['6', '7', 'maintenance']);
    });

    it('an engine that has lost everything gets it back as docs/runbooks/lost-docker-host.md says', async () => {
      expect(await ship({ version: '9' })).toContain('live on production');
      const wrong = await typist.typePage('docs/runbooks/lost-docker-host.md', {
        'an engine that has lost everything': async () => {
          // Whoever loses a disk has no server meanwhile that puts things right.
          await typist.type('slipway down');
          docker('rm', '-f', ...listed('ps', '-aq'));
          docker('network', 'rm', ...listed('network', 'ls', '-q'));
          docker('rmi', '-f', ...new Set(listed('images', '-q')));
          await typist.type('slipway up');
          await until('users notice', async () => (await ask()).startsWith('503'));
        },
      });
      expect(wrong.join('\n\n')).toBe('');
    });
  },
);
