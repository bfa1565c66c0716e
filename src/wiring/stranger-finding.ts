import { homeOf, onMachine, type Revision } from '../delivery/index.ts';
import type { Finding, Span } from '../diagnostics/index.ts';
import type { Stranger } from './machines/strangers.ts';

/** The shared service whose data somebody else has mounted, and what it is. */
interface Wanted {
  name: string;
  wish: Pick<Revision, 'machines'> & { scope: string };
  /** `the volume "shop_data"` */
  what: string;
  at: Span;
  /** For a stranger that runs. */
  severity: Finding['severity'];
}

/** Says that a container which this server has not made writes to the data of a shared service, or may later. */
export function strangerFinding(stranger: Stranger, wanted: Wanted): Finding {
  const { name, wish, what, at, severity } = wanted;
  const where = onMachine(homeOf(wish));
  const container = `the container "${stranger.name}"${where}`;
  const common = { code: 'wiring/data-taken', at };
  if (stranger.runs) {
    return {
      ...common,
      severity,
      message: `"${name}" of ${wish.scope} would write to ${what}, to which ${container} writes, which this Slipway server has not started`,
      notes: ['two servers on the same data destroy it'],
      help: `${wayToEnd(stranger, where)}; or give "${name}" a volume or folder of its own; what only reads may stay, mounted read-only`,
    };
  }
  return {
    ...common,
    severity: 'warning',
    message: `${container} is stopped, but Docker starts it again after a reboot (restart: always): then it and "${name}" of ${wish.scope} both write to ${what}`,
    notes: ['two servers on the same data destroy it'],
    help: `remove it${where}; its named volumes stay: ${command(stranger, 'rm')}`,
  };
}

function wayToEnd(stranger: Stranger, where: string): string {
  const { by } = stranger;
  return by && 'slipway' in by
    ? `another Slipway server runs it for ${by.slipway}: end it there first`
    : `end it first${where}: ${command(stranger, 'stop')}`;
}

function command({ name, by }: Stranger, verb: 'stop' | 'rm'): string {
  return by && 'compose' in by
    ? `docker compose -p ${by.compose} ${verb} ${by.service}`
    : `docker ${verb} ${name}`;
}
