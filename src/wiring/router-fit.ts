import type { App, EnvironmentDefinition } from '../app/index.ts';
import type { Pin, RouterAbilities, Routes } from '../delivery/index.ts';
import type { Finding } from '../diagnostics/index.ts';
import { abilities } from '../traffic/index.ts';
import { routerKinds, type RouterKind } from './router-settings.ts';

/** Something that is asked of a router. */
interface Need {
  /** "its judge needs requests counted by revision" */
  why: string;
  /** How to do without. */
  without: string;
  met: (able: RouterAbilities) => boolean;
}

/**
 * What the environments of an app ask of the router and it cannot do.
 *
 * @param able - What routers can do; those there are, unless a test says otherwise.
 */
export function routerFindings(app: App, kind: RouterKind, able = abilities): Finding[] {
  return app.environments.flatMap((definition) =>
    needsOf(definition)
      .filter((need) => !need.met(able[kind]))
      .map((need) => finding(definition.name, need, kind, able)),
  );
}

/** What routes that are in force ask of a router, and it cannot do; sentences. */
export function unfitRoutes({ scope, pins, rateLimit, sticky }: Routes, able: RouterAbilities): string[] {
  return [
    ...pins.map(({ by }) => pinNeed(by)),
    ...(sticky ? [stickyNeed] : []),
    ...(rateLimit ? [limitNeed] : []),
  ]
    .filter((need) => !need.met(able))
    .map(({ why }) => `${scope}: ${why}`);
}

/** What an environment asks of a router that can do only so much. */
export function unmetNeeds(
  definition: EnvironmentDefinition,
  able: RouterAbilities,
): Pick<Need, 'why' | 'without'>[] {
  return needsOf(definition).filter((need) => !need.met(able));
}

function needsOf({ strategy, judge, rateLimit }: EnvironmentDefinition): Need[] {
  const canary = strategy.kind === 'canary' ? strategy : null;
  const { header = null, cookie = null } = canary?.testers ?? {};
  return [
    ...(canary?.steps.some(({ weightPercent }) => weightPercent < 100) ? [weightsNeed] : []),
    ...(canary?.sticky ? [stickyNeed] : []),
    ...(header ? [pinNeed({ kind: 'header', ...header })] : []),
    ...(cookie ? [pinNeed({ kind: 'cookie', ...cookie })] : []),
    ...(strategy.kind === 'blue-green' && strategy.preview ? [pinNeed({ kind: 'host', host: '' })] : []),
    ...(judge ? [countsNeed] : []),
    ...(rateLimit ? [limitNeed] : []),
  ];
}

const weightsNeed: Need = {
  why: 'the steps of its canary need shares of traffic',
  without: 'take "strategy: blue-green"',
  met: ({ weights }) => weights,
};

const stickyNeed: Need = {
  why: 'its canary keeps sessions at their revision',
  without: 'write "sticky: false"',
  met: ({ sessions }) => sessions,
};

const countsNeed: Need = {
  why: 'its judge needs requests counted by revision',
  without: 'write "judge: off" and let people approve the steps',
  met: ({ counts }) => counts,
};

const limitNeed: Need = {
  why: 'its "rate-limit" needs a router that counts the requests of each client',
  without: 'leave "rate-limit" out',
  met: ({ rateLimit }) => rateLimit,
};

function pinNeed(by: Pin['by']): Need {
  const what = by.kind === 'host' ? 'its preview has a host of its own' : `testers are known by a ${by.kind}`;
  if (by.kind === 'header' && by.name.includes('_'))
    return {
      why: `testers are known by the header "${by.name}", whose "_" it cannot tell from "-"`,
      without: `name it "${by.name.replaceAll('_', '-')}"`,
      met: ({ pins, underscores }) => underscores && pins.includes('header'),
    };
  return {
    why: what,
    without: by.kind === 'host' ? 'write "preview: false"' : `leave that ${by.kind} out of "testers"`,
    met: ({ pins }) => pins.includes(by.kind),
  };
}

function finding(environment: string, need: Need, kind: RouterKind, able: typeof abilities): Finding {
  const others = routerKinds.filter((other) => need.met(able[other]));
  const other = others.length > 0 ? `, or take a router that can: slipway up --router ${others[0]}` : '';
  return {
    code: 'wiring/router-cannot',
    severity: 'error',
    message: `the ${kind} router cannot do what ${environment} asks for: ${need.why}`,
    notes: others.length > 0 ? [`routers that can: ${others.join(', ')}`] : [],
    help: `${need.without}${other}`,
  };
}
