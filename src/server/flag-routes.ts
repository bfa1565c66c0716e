import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Answers } from '../wiring/index.ts';
import { folder, name } from './request-shapes.ts';

const place = z.object({ app: folder, environment: folder });
const version = z.number().int().min(0);
const wish = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('apply'), file: name, text: z.string() }),
  z.object({ kind: z.literal('set'), flag: name, variant: name }),
  z.object({ kind: z.literal('ramp'), flag: name, variant: name, percent: z.number() }),
  z.object({ kind: z.literal('back'), version: version.nullable() }),
]);
const changeRequest = place.extend({ wish, actor: name, dryRun: z.boolean().default(false) });
const evaluationRequest = place.extend({ flag: name, context: z.record(z.string(), z.json()) });
const flagPlace = place.extend({ flag: name, actor: name });
const rampRequest = flagPlace.extend({
  variant: name,
  steps: z.array(z.number().positive().max(100)).min(1).max(50),
  holdMs: z.number().int().min(0),
});
const rampWord = flagPlace.extend({ verb: z.enum(['abort', 'promote']) });
const historyQuery = place.extend({ limit: z.coerce.number().int().positive().default(20) });

/** Showing and changing the flags of an environment. */
export function addFlags(api: FastifyInstance, answers: Answers): void {
  api.get('/v1/flags', (request) => answers.flags(place.parse(request.query)));
  api.post('/v1/flags', (request) => {
    const { app, environment, ...change } = changeRequest.parse(request.body);
    return answers.changeFlags({ app, environment }, change);
  });
  api.get('/v1/flags/history', (request) => {
    const { limit, ...where } = historyQuery.parse(request.query);
    return answers.flagHistory(where, limit);
  });
  api.get('/v1/flags/ramps', (request) => answers.flagRamps(place.parse(request.query)));
  api.post('/v1/flags/ramps', (request) => {
    const { app, environment, ...asked } = rampRequest.parse(request.body);
    return answers.rampFlag({ app, environment }, asked);
  });
  api.post('/v1/flags/ramps/words', (request) => {
    const { app, environment, ...told } = rampWord.parse(request.body);
    return answers.tellRamp({ app, environment }, told);
  });
  api.post('/v1/flags/evaluations', (request) => {
    const { app, environment, ...asked } = evaluationRequest.parse(request.body);
    return answers.explainFlag({ app, environment }, asked);
  });
}
