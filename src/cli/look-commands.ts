import type { Command } from 'commander';
import type { Add } from './command.ts';
import { count, ofApp } from './flag-values.ts';

/** Adds the commands that show what is and what was: they change nothing. */
export function addLookCommands(program: Command, add: Add): void {
  add(program, 'status', {
    summary: 'show what every environment serves and what is under way',
    examples: ['slipway status', 'slipway status --watch'],
    load: async () => (await import('./commands/status.ts')).status,
    server: 'any',
  }).option('-w, --watch', 'look again every second, until Ctrl-C');
  add(program, 'logs [environment|ship]', {
    summary: 'print logs of processes, or of the jobs of a ship',
    more: 'Without a name: production, or the only environment.',
    examples: [
      'slipway logs -f production',
      'slipway logs production --process web -n 50',
      'slipway logs --job test',
    ],
    load: async () => (await import('./commands/logs.ts')).logs,
    server: 'any',
  })
    .option('-f, --follow', 'go on with new lines, until Ctrl-C')
    .option('-n, --lines <count>', 'so many of the newest lines', count)
    .option('--process <name>', 'only this process type')
    .option('--job <key>', 'only this job, of the newest ship if none is named')
    .option(...ofApp);
  add(program, 'history [environment]', {
    summary: 'list rollouts, newest first',
    examples: ['slipway history production -n 5'],
    load: async () => (await import('./commands/history.ts')).history,
    server: 'any',
  })
    .option('-n, --limit <count>', 'so many of the newest (20)', count)
    .option(...ofApp);
  add(program, 'explain [rollout]', {
    summary: 'tell what happened in a rollout: steps, verdicts, what failed, what its release changed',
    more: 'A rollout is named by its id, by its revision, or by the environment whose newest one is meant; without a name, the newest of this app.',
    examples: [
      'slipway explain',
      'slipway explain production',
      'slipway explain r7',
      'slipway explain ro-3f2a91bc --html story.html',
    ],
    load: async () => (await import('./commands/explain.ts')).explain,
    server: 'any',
  })
    .option('--html <file>', 'also as a page with charts, in one file that needs nothing else')
    .option(...ofApp);
  const audit = program
    .command('audit')
    .summary('prove that the log of decisions is whole, or print it')
    .description('Prove that the log of decisions is whole, or print it.')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', '\nExamples:\n  $ slipway audit\n  $ slipway audit log medianest/production -n 20');
  add(
    audit,
    'verify [chain]',
    {
      summary: 'prove that no event was changed, removed or cut off (what "slipway audit" does)',
      examples: ['slipway audit', 'slipway audit verify medianest/production'],
      load: async () => (await import('./commands/audit.ts')).verify,
      server: 'any',
    },
    { isDefault: true },
  );
  add(audit, 'log [chain]', {
    summary: 'print events: who decided what, when',
    examples: ['slipway audit log', 'slipway audit log medianest/production -n 20'],
    load: async () => (await import('./commands/audit.ts')).log,
    server: 'any',
  }).option('-n, --limit <count>', 'so many of the newest (50)', count);
}
