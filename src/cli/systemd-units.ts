import { leanNode } from '../supervisor/index.ts';

interface UnitFacts {
  forRoot: boolean;
  nodePath: string;
  slipwayJs: string;
  supervisorMain: string;
  home: string;
  listen: string;
  /** Where jobs find programs. */
  path: string;
}

/**
 * Two units, by file name. KillMode=process: a stop ends the supervisor or the server alone, never an app or the
 * router, which the next supervisor takes over. Restart=always brings both back, whatever ended them.
 * OOMPolicy=continue: a process that the kernel ends for want of memory is restarted alone, not with its whole unit;
 * TasksMax=infinity: all apps together live in the unit of the supervisor.
 *
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.kill.html
 */
export function systemdUnits(facts: UnitFacts): Record<string, string> {
  const { nodePath, slipwayJs, supervisorMain, home, listen } = facts;
  const supervisor = unit(facts, {
    description: 'Slipway supervisor: keeps apps and router alive',
    order: 'After=network.target',
    command: [nodePath, ...leanNode, supervisorMain, '--home', home],
  });
  const server = unit(facts, {
    description: 'Slipway server: runs workflows and rollouts',
    order: 'After=network.target slipway-supervisor.service\nWants=slipway-supervisor.service',
    command: [nodePath, ...leanNode, slipwayJs, 'up', '--foreground', '--home', home, '--http', listen],
  });
  return { 'slipway-supervisor.service': supervisor, 'slipway.service': server };
}

function unit(
  { forRoot, path }: UnitFacts,
  { description, order, command }: { description: string; order: string; command: string[] },
): string {
  return `[Unit]
Description=${description}
${order}
StartLimitIntervalSec=0

[Service]
Type=simple
ExecStart=${command.map(word).join(' ')}
Environment=${word(`PATH=${path}`)}
Restart=always
RestartSec=2
KillMode=process
OOMPolicy=continue
TasksMax=infinity
UMask=0077

[Install]
WantedBy=${forRoot ? 'multi-user.target' : 'default.target'}
`;
}

/** One word of a unit file: `%` and `$` mean something there. */
function word(text: string): string {
  const safe = text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', String.raw`\"`)
    .replaceAll('%', '%%')
    .replaceAll('$', '$$$$');
  return /[\s"';\\]/.test(safe) ? `"${safe}"` : safe;
}
