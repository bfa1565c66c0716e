import { z } from 'zod';
import type { Routes } from '../../delivery/index.ts';
import type { ContainerProbe, CopySpec, TaskSpec } from '../../targets/index.ts';
import type { CheckQuestion, LineQuestion, MachineKeep, RevisionNeeds, SmokeQuestion } from './model.ts';

/*
 * What a server asks of the server of another machine, over `POST /machine/calls`. Both are of the same version, which
 * each call proves, so the parts that come out of this program's own types are looked at only as far as they are used
 * to choose a place.
 */

/** One call. All may be repeated; those with a fence are refused when a newer owner has acted for the scope. */
export type MachineCall =
  | { do: 'hello' }
  | { do: 'facts' }
  | { do: 'strangers'; places: string[] }
  | { do: 'route'; routes: Routes; fence: number }
  | { do: 'look-at-routes' }
  | { do: 'prepare'; needs: RevisionNeeds; fence: number }
  | { do: 'look-at-prepared'; needs: RevisionNeeds }
  | { do: 'start'; copy: CopySpec; fence: number }
  | { do: 'repair'; copy: CopySpec; fence: number }
  | { do: 'stop'; id: string; fence: number }
  | { do: 'look'; probes: readonly ContainerProbe[] }
  | { do: 'run-task'; task: TaskSpec; fence: number }
  | { do: 'look-at-task'; key: string }
  | { do: 'forget-task'; key: string; fence: number }
  | { do: 'read-log'; id: string; lines: number }
  | { do: 'collect'; keep: MachineKeep; fence: number }
  | { do: 'smoke'; asked: SmokeQuestion }
  | { do: 'check'; asked: CheckQuestion }
  | { do: 'use'; copies: readonly string[] }
  | { do: 'count-lines'; asked: LineQuestion }
  | { do: 'missing-images'; ids: string[] }
  | { do: 'layers-there'; images: string[][] }
  | { do: 'has-files'; release: string };

/** Who calls. */
export interface Caller {
  /** Id of the home that the scopes belong to. */
  home: string;
  /** Of its Slipway. */
  version: string;
  /** One process of that home. */
  server: string;
  /** Goes up whenever the caller has given up waiting: what it sent before is no longer to be done. */
  turn: number;
}

/** A call with all that it needs. */
export interface MachineRequest {
  from: Caller;
  /** `shop/production`, as the caller names it; empty for what concerns no environment. */
  scope: string;
  call: MachineCall;
}

const text = z.string().min(1).max(300);
const fence = z.number().int().nonnegative();
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const record = z.record(z.string(), z.unknown());
const container = {
  revision: text,
  release: digest,
  service: z.looseObject({ name: text }),
  environment: z.record(z.string(), z.string()),
  image: digest,
  networks: record,
  volumes: record,
  files: z.array(z.looseObject({ target: z.string().startsWith('/'), content: z.string() })),
};
const copy = z.looseObject({ id: text, ...container });
const needs = z.looseObject({
  revision: text,
  release: digest,
  images: z.array(z.looseObject({ id: digest })).max(1_000),
  networks: record,
  files: z.string().nullable(),
});
const place = { host: text, port: z.number().int().min(1).max(65_535) };
const timeoutMs = z.number().positive();

/** Letters that a path may be made of; nothing leads out of a folder. */
const name = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

/** Who calls, before anything else is looked at: another version may say the rest otherwise. */
export const callerShape = z.looseObject({
  from: z.looseObject({
    home: z.string().regex(/^[0-9a-f]{16}$/),
    version: text,
    server: text,
    turn: z.number().int().nonnegative(),
  }),
});

/** An environment: app and name. */
export const scopeShape = z.string().refine((scope) => {
  const parts = scope.split('/');
  return parts.length === 2 && parts.every((part) => name.test(part));
}, 'must be APP/ENVIRONMENT');

/** A request as it must be. */
export const requestShape = callerShape.extend({
  scope: z.union([z.literal(''), scopeShape]),
  call: z.discriminatedUnion('do', [
    z.object({ do: z.literal('hello') }),
    z.object({ do: z.literal('facts') }),
    z.object({ do: z.literal('strangers'), places: z.array(z.string().min(1).max(5_000)).max(1_000) }),
    z.object({ do: z.literal('route'), routes: z.looseObject({ scope: text }), fence }),
    z.object({ do: z.literal('look-at-routes') }),
    z.object({ do: z.literal('prepare'), needs, fence }),
    z.object({ do: z.literal('look-at-prepared'), needs }),
    z.object({ do: z.literal('start'), copy, fence }),
    z.object({ do: z.literal('repair'), copy, fence }),
    z.object({ do: z.literal('stop'), id: text, fence }),
    z.object({ do: z.literal('look'), probes: z.array(z.looseObject({ instance: text })) }),
    z.object({ do: z.literal('run-task'), task: z.looseObject({ key: text, ...container }), fence }),
    z.object({ do: z.literal('look-at-task'), key: text }),
    z.object({ do: z.literal('forget-task'), key: text, fence }),
    z.object({ do: z.literal('read-log'), id: text, lines: z.number().int().positive().max(10_000) }),
    z.object({
      do: z.literal('collect'),
      keep: z.looseObject({ revisions: z.array(text), images: z.array(digest), releases: z.array(digest) }),
      fence,
    }),
    z.object({
      do: z.literal('smoke'),
      asked: z.object({
        ...place,
        requests: z.array(z.object({ path: z.string().startsWith('/'), status: z.number().int() })),
        timeoutMs,
      }),
    }),
    z.object({
      do: z.literal('check'),
      asked: z.object({
        at: z.union([z.object(place), z.object({ hosts: z.array(text), pin: text })]),
        check: z.looseObject({ path: z.string().startsWith('/'), status: z.number().int() }),
        timeoutMs,
      }),
    }),
    z.object({ do: z.literal('use'), copies: z.array(text).max(1_000) }),
    z.object({
      do: z.literal('count-lines'),
      asked: z.object({
        pattern: z.string().min(1).max(1_000),
        copies: z.array(z.object({ id: text, after: z.string().max(100).nullable() })).max(1_000),
      }),
    }),
    z.object({ do: z.literal('missing-images'), ids: z.array(digest).max(1_000) }),
    z.object({ do: z.literal('layers-there'), images: z.array(z.array(digest).max(1_000)).max(1_000) }),
    z.object({ do: z.literal('has-files'), release: digest }),
  ]),
});
