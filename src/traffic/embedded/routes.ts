import { z } from 'zod';
import type { Routes } from '../../delivery/index.ts';
import { CodedError } from '../../diagnostics/index.ts';
import { sessionCookieName } from './session-cookie.ts';
import type { StoredScope } from './state-file.ts';

const name = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'letters, digits, "_" and "-", at most 64');
const hostName = z
  .string()
  .max(253)
  .regex(
    /^(\*|[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])$/,
    'a lower-case host name without port, or "*"',
  );

const endpointSchema = z.strictObject({
  instance: z.string().min(1).max(128),
  host: z.string().min(1).max(253),
  port: z.int().min(1).max(65_535),
});

const revisionSchema = z.strictObject({
  id: name,
  weightPercent: z.int().min(0).max(100),
  endpoints: z.array(endpointSchema).max(1_000),
});

/** Headers that a router reads or replaces itself. */
const framing = new Set(
  'host connection content-length transfer-encoding upgrade te trailer expect cookie keep-alive'.split(' '),
);

// Names and values that every router can match as they are, and that no configuration language reads otherwise.
const pinName = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'letters, digits, "_" and "-", at most 64');
const pinValue = z
  .string()
  .regex(/^[A-Za-z0-9._~:/+=@-]{1,256}$/, 'letters, digits and any of . _ ~ : / + = @ -, at most 256');

const pinSchema = z.strictObject({
  revision: name,
  by: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('header'),
      name: pinName.refine(
        (value) => !framing.has(value.toLowerCase()),
        'a header that no pin can look at, since the router reads or replaces it',
      ),
      value: pinValue,
    }),
    z.strictObject({
      kind: z.literal('cookie'),
      name: pinName.refine((value) => value !== sessionCookieName, "the router's own cookie"),
      value: pinValue,
    }),
    z.strictObject({
      kind: z.literal('host'),
      host: hostName.refine((value) => value !== '*', 'a preview host is one name'),
    }),
  ]),
});

const routesSchema = z.strictObject({
  scope: z.string().min(1).max(256),
  hosts: z.array(hostName).max(1_000),
  revisions: z.array(revisionSchema).max(100),
  // State files and owners of older versions know no pins.
  pins: z.array(pinSchema).max(100).default([]),
  sticky: z.boolean(),
  maintenance: z.boolean(),
  rateLimit: z
    .strictObject({ perMinute: z.int().min(1).max(1_000_000), burst: z.int().min(0).max(1_000_000) })
    .nullable(),
});

const requestSchema = z.strictObject({ routes: routesSchema, fence: z.int().min(0) });

/**
 * Parses what `PUT /routes` was sent, and holds it against the scopes that are already routed.
 *
 * @throws CodedError `traffic/invalid-routes` with every mistake as a note.
 */
export function parseRoutes(input: unknown, others: Iterable<Routes>): { routes: Routes; fence: number } {
  const parsed = requestSchema.safeParse(input);
  if (!parsed.success)
    throw invalid(parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`));
  const { routes } = parsed.data;
  const problems = [...weightProblems(routes), ...duplicateProblems(routes), ...hostProblems(routes, others)];
  if (problems.length > 0) throw invalid(problems);
  return parsed.data;
}

/** Routes that an older version kept, which knew no pins. */
export function completed({ routes, fence }: StoredScope): StoredScope {
  const { pins = [] } = routes as Partial<Routes>;
  return { routes: { ...routes, pins }, fence };
}

/** Hosts that lead to a scope: its own and those that preview one of its revisions. */
export function everyHost({ hosts, pins }: Pick<Routes, 'hosts' | 'pins'>): string[] {
  return [...hosts, ...pins.flatMap(({ by }) => (by.kind === 'host' ? [by.host] : []))];
}

function weightProblems({ revisions }: Routes): string[] {
  const sum = revisions.reduce((total, revision) => total + revision.weightPercent, 0);
  const problems = revisions
    .filter((revision) => revision.weightPercent > 0 && revision.endpoints.length === 0)
    .map((revision) => `revision "${revision.id}" has weight ${revision.weightPercent} but no endpoint`);
  if (sum !== 0 && sum !== 100)
    problems.push(`the weights sum to ${sum}; they must sum to 100, or to 0 when nothing serves`);
  return problems;
}

function duplicateProblems(routes: Routes): string[] {
  const { pins, revisions } = routes;
  const instances = revisions.flatMap((revision) => revision.endpoints.map((endpoint) => endpoint.instance));
  return [
    ...twice(everyHost(routes)).map((host) => `host "${host}" is named twice`),
    ...twice(
      pins.flatMap(({ by }) => (by.kind === 'host' ? [] : [`${by.kind} "${by.name}: ${by.value}"`])),
    ).map((pin) => `${pin} is pinned twice`),
    ...twice(revisions.map((revision) => revision.id)).map((id) => `revision "${id}" is named twice`),
    ...twice(instances).map((instance) => `instance "${instance}" is named twice`),
  ];
}

function hostProblems(routes: Routes, others: Iterable<Routes>): string[] {
  const owners = new Map<string, string>();
  for (const other of others)
    if (other.scope !== routes.scope) for (const host of everyHost(other)) owners.set(host, other.scope);
  return everyHost(routes).flatMap((host) => {
    const owner = owners.get(host);
    return owner === undefined ? [] : [`host "${host}" already belongs to scope "${owner}"`];
  });
}

function twice(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}

function invalid(notes: string[]): CodedError {
  return new CodedError('traffic/invalid-routes', `the routes are not valid: ${notes[0]}`, {
    notes,
    help: 'nothing was changed; the routes before are still in force',
  });
}

/** Refuses an owner that was replaced. */
export function staleFence(scope: string, fence: number, known: number): CodedError {
  return new CodedError(
    'traffic/stale-fence',
    `fence ${fence} is older than ${known}, the last one seen for ${scope}`,
    {
      help: 'another owner has taken over; read the state again before changing anything',
    },
  );
}

/** Whether two parsed routes ask for the same. */
export function sameRoutes(a: Routes, b: Routes): boolean {
  // Both were made by the same schema, which fixes the order of keys.
  return JSON.stringify(a) === JSON.stringify(b);
}
