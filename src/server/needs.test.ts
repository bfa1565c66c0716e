import type { FastifyRequest } from 'fastify';
import { expect, test } from 'vitest';
import type { Answers } from '../wiring/index.ts';
import { needs } from './needs.ts';

const ship = { app: 'shop', actor: 'ana', rollouts: [{ id: 'ro-1' }, { id: 'ro-2' }] };
const answersWith = (going: { id: string; environment: string }[]) =>
  ({
    shipView: () => Promise.resolve(ship),
    underWay: () => Promise.resolve(going.map((one) => ({ ...one, app: 'shop', requestedBy: 'ana' }))),
  }) as unknown as Answers;
const request = { params: { id: 's-1' } } as unknown as FastifyRequest;

test('who ends a ship needs the right to where its rollouts are, and nowhere else', async () => {
  const { right, at } = needs['POST /v1/ships/:id/cancel'] ?? {};
  expect(right).toBe('abort');
  const going = [
    { id: 'ro-2', environment: 'production' },
    { id: 'ro-9', environment: 'staging' },
  ];
  expect(await at?.(request, answersWith(going))).toEqual([
    { kind: 'environment', app: 'shop', environment: 'production', startedBy: 'ana' },
  ]);
  expect(await at?.(request, answersWith([]))).toEqual([{ kind: 'app', app: 'shop', startedBy: 'ana' }]);
});
