import { expect, it } from 'vitest';
import type { EngineEvent } from '../docker/index.ts';
import { HealthWatch } from './health-watch.ts';

/** A watch over an engine that tells what is given, then nothing more. */
function watching(scopes: string[], kind: 'unix' | 'ssh' = 'unix') {
  const asked: Record<string, string[]>[] = [];
  const looked: string[] = [];
  const all = Promise.withResolvers<string[]>();
  async function* events(
    filters: Record<string, string[]>,
    signal: AbortSignal,
  ): AsyncGenerator<EngineEvent> {
    asked.push(filters);
    for (const scope of scopes) yield eventOf(scope);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  }
  const engine = { address: { kind }, events } as never;
  const watch = new HealthWatch({ engine, homeId: 'home-1' }, async (scope) => {
    looked.push(scope);
    if (looked.length === scopes.length) all.resolve(looked);
    if (scope === 'shop/broken') throw new Error('the store is away');
  });
  return { watch, asked, all: all.promise };
}

function eventOf(scope: string): EngineEvent {
  const Attributes = { 'slipway.scope': scope };
  return { Type: 'container', Action: 'health_status: healthy', Actor: { ID: 'c', Attributes }, timeNano: 0 };
}

it('asks for a look at each environment of which a copy turned healthy, though one could not be asked for', async () => {
  const { watch, asked, all } = watching(['shop/production', 'shop/broken', 'shop/staging']);
  watch.follow();
  watch.follow();
  expect(await all).toEqual(['shop/production', 'shop/broken', 'shop/staging']);
  expect(asked).toEqual([
    { type: ['container'], event: ['health_status: healthy'], label: ['slipway.home=home-1'] },
  ]);
  watch.close();
});

it('keeps no connection through ssh for it', () => {
  const { watch, asked } = watching(['shop/production'], 'ssh');
  watch.follow();
  expect(asked).toEqual([]);
});
