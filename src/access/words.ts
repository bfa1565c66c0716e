import { unreachable } from '../diagnostics/index.ts';
import { roles, type Grant, type Person, type Place, type Right, type Role, type Where } from './model.ts';

/** An environment as people name it: `production`, `shop/production`, `shop/*`; null for what is none. */
export function parseWhere(text: string): Where | null {
  const match = /^(?:([\w-]+|\*)\/)?([\w-]+|\*)$/.exec(text);
  return match ? { app: match[1] ?? '*', environment: match[2] ?? '*' } : null;
}

/** As `parseWhere` takes it. */
export function whereText({ app, environment }: Where): string {
  return app === '*' ? environment : `${app}/${environment}`;
}

/** Null for a word that is no role. */
export function parseRole(text: string): Role | null {
  return roles.find((role) => role === text) ?? null;
}

/** `deployer of production`, `viewer everywhere`. */
export function grantText({ role, where }: Grant): string {
  return whereText(where) === '*' ? `${role} everywhere` : `${role} of ${whereText(where)}`;
}

/** Everything that a person was granted, in words. */
export function grantsText({ grants }: Pick<Person, 'grants'>): string {
  return grants.length === 0 ? 'nothing' : grants.map(grantText).join(', ');
}

/** What a right allows, after "may". */
export const rightText: Record<Right, string> = {
  look: 'look at',
  plan: 'send commits to',
  ship: 'ship to',
  rollback: 'roll back',
  abort: 'abort what others began in',
  hold: 'pause or resume what others began in',
  decide: 'approve, reject or promote in',
  manage: 'administer',
};

/** A place, after `rightText`. */
export function placeText(place: Place): string {
  switch (place.kind) {
    case 'environment':
      return `${place.app}/${place.environment}`;
    case 'app':
      return place.app;
    case 'whole-app':
      return `all of ${place.app}`;
    case 'server':
      return 'the whole server';
    case 'anywhere':
      return 'anything here';
    default:
      return unreachable(place);
  }
}

/** The least grant that a place asks for, as words of `slipway access grant`. */
export function whereOf(place: Place): string {
  switch (place.kind) {
    case 'environment':
      return place.environment;
    case 'app':
    case 'whole-app':
      return `${place.app}/*`;
    case 'server':
    case 'anywhere':
      return '*';
    default:
      return unreachable(place);
  }
}
