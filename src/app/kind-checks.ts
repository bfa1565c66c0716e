import type { Finding, Span } from '../diagnostics/index.ts';
import type { App } from './model.ts';
import type { SlipwayYml } from './slipway-yml.ts';

/** Finds keys of slipway.yml that mean nothing for the kind of app that this is, and services that contradict each other. */
export function checkKind(yml: SlipwayYml, kind: App['kind']): Finding[] {
  return kind === 'procfile' ? containersOnly(yml) : checkServices(yml);
}

function containersOnly(yml: SlipwayYml): Finding[] {
  const route = 'traffic goes to the process "web" of the Procfile, at the port in its PORT variable';
  const health = 'a process is asked over HTTP; write "path", or remove it';
  const machines =
    'remove it: processes run on the machine of their server; or start the app by a Compose file, in containers';
  const environments = [...(yml.environments?.value ?? [])];
  const written: [string, Span | undefined, string][] = [
    ['compose', yml.compose?.keyAt, 'write "kind: compose" if the app is started by its Compose files'],
    ['services', yml.services?.keyAt, 'remove it: processes are named in the Procfile'],
    ['route.service', yml.route?.value.service?.keyAt, `remove it: ${route}`],
    ['route.port', yml.route?.value.port?.keyAt, `remove it: ${route}`],
    [
      'migration.command',
      yml.migration?.value.command?.keyAt,
      'remove it, and write the command into the Procfile, as "release: …"',
    ],
    ...environments.flatMap(([name, { value }]): [string, Span | undefined, string][] => [
      [`environments.${name}.machines`, value.machines?.keyAt, machines],
      [`environments.${name}.health.tcp`, value.health?.value.tcp?.keyAt, health],
      [`environments.${name}.health.command`, value.health?.value.command?.keyAt, health],
    ]),
  ];
  return written.flatMap(([key, at, help]) =>
    at ? [impossible(`${key} is for Compose apps, and this app is started by its Procfile`, at, help)] : [],
  );
}

function checkServices(yml: SlipwayYml): Finding[] {
  const findings: Finding[] = [];
  const services = [...(yml.services?.value ?? [])];
  const routed = yml.route?.value.service;
  let web = routed?.value;
  for (const [name, { value, keyAt }] of services) {
    const role = value.role?.value;
    if (name === routed?.value && role !== undefined && role !== 'web') {
      findings.push(
        impossible(
          `services.${name}: "route.service" says that it gets traffic, and its role here is ${role}`,
          keyAt,
          'keep one of the two',
        ),
      );
    } else if (role === 'web' && web !== undefined && web !== name) {
      findings.push(
        impossible(
          `services.${name}: "${web}" is the one that gets traffic already`,
          keyAt,
          'give the role web to one service; the others that answer it are of the role companion',
        ),
      );
    } else if (role === 'web') web = name;
    if (value.downtime && role !== undefined && role !== 'web' && role !== 'shared') {
      const message = `services.${name}.downtime is of the service that gets the users' requests, or of a shared one, and this is a ${role}`;
      findings.push(impossible(message, value.downtime.keyAt, 'remove it'));
    } else if (value.downtime && value.overlap?.value === true) {
      const message = `services.${name}: two of it may run at once ("overlap"), so users are never without it ("downtime")`;
      findings.push(impossible(message, value.downtime.keyAt, 'keep one of the two'));
    }
    // Of the web service `true` says that two may hold its volumes.
    const saysNothing = role === 'web' && value.overlap?.value === true;
    if (value.overlap && role !== undefined && role !== 'worker' && !saysNothing) {
      const why = {
        web: 'two revisions of it always run at once while traffic moves',
        companion: 'each revision has companions of its own',
        task: 'a task runs once, and then ends',
        shared: 'there is one of it for all revisions',
      }[role];
      findings.push(
        impossible(`services.${name}.overlap: ${why}`, value.overlap.keyAt, 'remove it; it is for workers'),
      );
    }
  }
  return findings;
}

function impossible(message: string, at: Span, help: string): Finding {
  return { code: 'app/impossible', severity: 'error', message, at, notes: [], help };
}
