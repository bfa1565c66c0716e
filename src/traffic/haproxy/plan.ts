import { existsSync } from 'node:fs';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { CodedError } from '../../diagnostics/index.ts';
import type { AgentSettings } from '../agent/settings.ts';
import { covers, type Certificate } from '../certificate-folder.ts';
import type { StoredScope } from '../embedded/state-file.ts';
import { renderConfig } from './config.ts';
import type { ConfigParts } from './config-parts.ts';
import { writeWhole } from '../write-whole.ts';
import { writeCertificates, writeMaps, type StoredSlots } from './files.ts';
import { mapsFor, type Maps } from './maps.ts';
import type { HaproxyPaths } from './paths.ts';
import { checkConfig } from './program.ts';
import { assignSlots, shapeFor, type Busy } from './slots.ts';

/** Everything that follows from routes. */
export interface Plan {
  scopes: readonly StoredScope[];
  parts: ConfigParts;
  maps: Maps;
  /** Whether an endpoint was given by a name, so that addresses do not tell copies. */
  named: boolean;
}

/** What a plan is made from. */
export interface PlanParts {
  settings: AgentSettings;
  paths: HaproxyPaths;
  /** What is there: slots with what is in flight stay as they are. */
  before: StoredSlots;
  busy: Busy;
  certificates: readonly Certificate[];
  sessionKey: Buffer;
  /** Whether routes were lost. */
  damaged: boolean;
}

/** @throws CodedError `traffic/configuration-refused` when an endpoint's name has no address. */
export async function planFor(
  scopes: readonly StoredScope[],
  { settings, paths, before, busy, certificates, sessionKey, damaged }: PlanParts,
): Promise<Plan> {
  const { resolved, named } = await resolveHosts(scopes);
  const slots = assignSlots(before.slots, resolved, busy);
  const shape = shapeFor(before.shape, resolved, slots);
  const files = await writeCertificates(paths.certificates, certificates);
  const hasCertificate = (host: string) => certificates.some((one) => covers(one, host));
  return {
    scopes,
    parts: { settings, paths, shape, slots, certificates: files, damaged },
    maps: mapsFor(resolved, { slots, sessionKey, hasCertificate }),
    named,
  };
}

/** Lets HAProxy look at it; changes nothing that it reads. @throws CodedError `traffic/configuration-refused` */
export async function checkPlan({ parts, maps }: Plan): Promise<void> {
  const { paths, settings } = parts;
  if (!existsSync(paths.maps.hosts)) await writeMaps(paths.maps, maps);
  await writeWhole(paths.draft, renderConfig(parts));
  await checkConfig(settings, paths.draft);
}

/** Slots first: what HAProxy reads must never name one that nobody knows. */
export async function writePlan({ parts, maps }: Plan): Promise<void> {
  const { paths, shape, slots } = parts;
  await writeWhole(paths.slots, JSON.stringify({ shape, slots }));
  await writeWhole(paths.config, renderConfig(parts));
  await writeMaps(paths.maps, maps);
}

/** HAProxy is given addresses; names of endpoints are looked up here. */
async function resolveHosts(
  scopes: readonly StoredScope[],
): Promise<{ resolved: StoredScope[]; named: boolean }> {
  const known = new Map<string, string>();
  for (const { routes } of scopes)
    for (const { host } of routes.revisions.flatMap(({ endpoints }) => endpoints))
      if (isIP(host) === 0 && !known.has(host)) known.set(host, await addressOf(host));
  const resolved = scopes.map(({ routes, fence }) => ({
    fence,
    routes: {
      ...routes,
      revisions: routes.revisions.map((revision) => ({
        ...revision,
        endpoints: revision.endpoints.map((one) => ({ ...one, host: known.get(one.host) ?? one.host })),
      })),
    },
  }));
  return { resolved, named: known.size > 0 };
}

async function addressOf(host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new CodedError('traffic/configuration-refused', `the address of "${host}" cannot be found`, {
      help: 'the routes before are still in force',
      cause,
    });
  }
}
