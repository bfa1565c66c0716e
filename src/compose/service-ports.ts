import type { Findings } from './findings.ts';
import type { PublishedPort } from './model.ts';
import { anyText, badValue, fields, oneOf, text, whole, wrongType } from './shapes.ts';
import type { Shape } from './shapes.ts';
import { printed, type Tree } from './tree.ts';

const highestPort = 65_535;

/** One item of `ports`: a number, `[[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]` with ranges, or the long form. */
export const publishedPorts: Shape<PublishedPort[]> = (tree, path, findings) => {
  if (tree.kind === 'map') return longPort(tree, path, findings);
  if (tree.kind === 'list' || tree.value === null || typeof tree.value === 'boolean')
    return wrongType(tree, path, findings, 'a port', '- "8080:80"');
  return shortPort(printed(tree), tree, path, findings);
};

const longForm = fields(
  {
    target: whole(1),
    published: anyText,
    host_ip: text,
    protocol: oneOf(['tcp', 'udp']),
    mode: oneOf(['ingress', 'host']),
  },
  { of: 'a port', silent: ['name', 'app_protocol'] },
);

function longPort(tree: Tree, path: string, findings: Findings): PublishedPort[] | undefined {
  const read = longForm(tree, path, findings);
  if (read === undefined) return undefined;
  if (read.target === undefined) {
    return findings.error('compose/missing-key', `${path} has no target`, tree.at, {
      help: 'add the port in the container, such as "target: 80"',
    });
  }
  const published = read.published ?? '';
  if (!/^\d*$/.test(published)) return range(published, tree, findings);
  const port: PublishedPort = {
    target: read.target,
    published: published === '' || published === '0' ? null : Number(published),
    hostIp: read.host_ip === undefined || read.host_ip === '' ? null : read.host_ip,
    protocol: read.protocol ?? 'tcp',
    at: tree.at,
  };
  return inLimits([port.target, port.published ?? 1], tree, findings) ? [port] : undefined;
}

function range(published: string, tree: Tree, findings: Findings): undefined {
  return badValue(
    `"${published}" is not one host port`,
    tree.at,
    findings,
    'write one number, or leave it out for any free port',
  );
}

function shortPort(
  written: string,
  tree: Tree,
  path: string,
  findings: Findings,
): PublishedPort[] | undefined {
  const match = /^(?:(?:(\[[^\]]*\]|[^:[\]]*):)?(\d*(?:-\d+)?):)?(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(written);
  const refuse = (why: string) =>
    badValue(`${path}: "${written}" ${why}`, tree.at, findings, 'write "HOST:CONTAINER", such as "8080:80"');
  if (!match) return refuse('is not a port');
  const [, address = '', host = '', first = '', last = first, protocol = 'tcp'] = match;
  if (protocol !== 'tcp' && protocol !== 'udp')
    return refuse(`names the protocol "${protocol}"; it can be tcp or udp`);
  const count = Number(last) - Number(first) + 1;
  const [hostFirst = '', hostLast = hostFirst] = host.split('-');
  const hostCount = Number(hostLast) - Number(hostFirst) + 1;
  if (count < 1 || count > highestPort) return refuse('is a range that ends before it starts');
  if (host !== '' && hostCount !== count) {
    if (count === 1 && hostCount > 1) return range(host, tree, findings);
    return refuse(`maps ${hostCount} host ports to ${count} ports of the container`);
  }
  if (!inLimits([Number(first), Number(last), Number(hostLast) || 1], tree, findings)) return undefined;
  const hostIp = address.replace(/^\[|\]$/g, '');
  return Array.from({ length: count }, (_, index) => ({
    target: Number(first) + index,
    published: host === '' || Number(hostFirst) === 0 ? null : Number(hostFirst) + index,
    hostIp: hostIp === '' ? null : hostIp,
    protocol,
    at: tree.at,
  }));
}

function inLimits(ports: number[], tree: Tree, findings: Findings): boolean {
  const wrong = ports.find((port) => port < 1 || port > highestPort);
  if (wrong !== undefined)
    badValue(`${wrong} is no port`, tree.at, findings, `write a number from 1 to ${highestPort}`);
  return wrong === undefined;
}

/** One item of `expose`: TCP ports; those of UDP are left out, since nothing needs to open them. */
export const exposedPorts: Shape<number[]> = (tree, path, findings) => {
  const written = anyText(tree, path, findings);
  const match = written === undefined ? null : /^(\d+)(?:-(\d+))?(?:\/(tcp|udp))?$/.exec(written);
  if (!match) {
    if (written !== undefined)
      badValue(`${path}: "${written}" is not a port`, tree.at, findings, 'write a number, such as "3000"');
    return undefined;
  }
  const [, first = '', last = first, protocol = 'tcp'] = match;
  if (protocol === 'udp' || !inLimits([Number(first), Number(last)], tree, findings)) return [];
  return Array.from(
    { length: Math.max(0, Number(last) - Number(first) + 1) },
    (_, index) => Number(first) + index,
  );
};
