import type { ComposeProject, PublishedPort } from '../compose/index.ts';
import type { Finding } from '../diagnostics/index.ts';
import type { ClassifiedService } from './classified-service.ts';
import { leftToRouter } from './place-checks.ts';

/**
 * Says which ports only this machine reaches: those that a container holds and the file gives no address. Docker opens
 * such a port to everyone, which is seldom meant for a database; here that has to be written.
 */
export function localPorts(
  project: ComposeProject,
  services: ClassifiedService[],
  routed: number | null,
): Finding[] {
  return services.flatMap((one) => {
    const ports = project.services.find(({ name }) => name === one.name)?.ports ?? [];
    const open = heldPorts(ports, one, routed).filter(({ hostIp }) => hostIp === null);
    // All ports of a range stand at one place.
    const places = [...new Set(open.map(({ at }) => at))];
    return places.flatMap((at) =>
      localPort(
        one,
        open.filter((port) => port.at === at),
      ),
    );
  });
}

function localPort({ name, role }: ClassifiedService, range: PublishedPort[]): Finding[] {
  const [port] = range;
  if (port === undefined) return [];
  return [
    {
      code: 'app/local-port',
      severity: 'note',
      message: `"${name}" (${role}): ${portText(port, range.length)} bound to 127.0.0.1, so nothing outside this machine gets there`,
      at: port.at,
      notes: [],
      help: `write ${openText(port, range.length)} to open it to others, or 127.0.0.1 there to say that this is meant (host_ip in the long form)`,
    },
  ];
}

/** Users reach a web service through the router; only one that never runs twice holds ports beside it. */
function heldPorts(ports: PublishedPort[], { role, alone }: ClassifiedService, routed: number | null) {
  if (role === 'task') return [];
  if (role !== 'web') return ports;
  return alone ? ports.filter((one) => !leftToRouter(one, routed)) : [];
}

function portText({ published, target }: PublishedPort, count: number): string {
  if (published === null) return `a free port of the host for ${target} is`;
  return count === 1
    ? `port ${published} of the host is`
    : `ports ${published}-${published + count - 1} of the host are`;
}

function openText({ published, target, protocol }: PublishedPort, count: number): string {
  const range = (from: number) => (count === 1 ? `${from}` : `${from}-${from + count - 1}`);
  const host = published === null ? '' : range(published);
  return `"0.0.0.0:${host}:${range(target)}${protocol === 'udp' ? '/udp' : ''}"`;
}
