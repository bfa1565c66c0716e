import { checkHeader, here, type Router } from '../../delivery/index.ts';
import type { DockerTarget } from '../../targets/index.ts';
import { publicPlace, type PublicAddress } from '../public-address.ts';
import { requestFailure, type Question } from '../request-check.ts';
import { smokeFailure } from '../smoke.ts';
import type { Machine } from './model.ts';

/** What this machine consists of. */
export interface HereParts {
  router: Router;
  containers: DockerTarget;
  /** Where the router takes users. */
  address: PublicAddress;
  use: Machine['use'];
  countLines: Machine['countLines'];
  facts: Machine['facts'];
  strangers: Machine['strangers'];
  /** Lines of this machine. */
  logs: Machine['logs'];
}

/** The machine that this server runs on. */
export function thisMachine(parts: HereParts): Machine {
  const { router, containers, address, use, countLines, facts, strangers, logs } = parts;
  return {
    name: here,
    router,
    containers,
    smoke: smokeFailure,
    check: ({ at, check, timeoutMs }) => {
      const asked: Omit<Question, 'check' | 'timeoutMs'> =
        'host' in at
          ? { ...at, name: 'localhost', tls: false, headers: {} }
          : { ...publicPlace(at.hosts, address), headers: { [checkHeader]: at.pin } };
      return requestFailure({ ...asked, check, timeoutMs });
    },
    use,
    countLines,
    facts,
    strangers,
    logs,
  };
}
