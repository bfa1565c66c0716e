import { InvalidArgumentError, Option, type Command } from 'commander';
import { parseDuration, type CanaryStep } from '../app/index.ts';
import type { Add } from './command.ts';
import { count, countUpTo, ofApp } from './flag-values.ts';

/** Adds the command that plays rollouts which never happen. */
export function addSimulateCommand(program: Command, add: Add): void {
  add(program, 'simulate [environment]', {
    summary: 'play rollouts by chance: how often and how soon the judge would stop a bad one',
    more: 'With the strategy and the judge that slipway.yml has for the environment, or those of the flags; without a repository, the defaults. Users come as the flags say, draw their revision by lot, and meet what each new revision is said to do. Nothing is started or moved. Without a name: production, or the only environment.',
    examples: [
      'slipway simulate',
      'slipway simulate staging --requests 500/m --bad-errors 1% --slow 1.3x',
      'slipway simulate --recorded --judge careful --steps 10%:5m,50%:5m --output page.html',
    ],
    load: async () => (await import('./commands/simulate.ts')).simulate,
    server: 'any',
  })
    .addOption(
      new Option('--judge <level>', "instead of the environment's judge").choices([
        'careful',
        'balanced',
        'fast',
      ]),
    )
    .option(
      '--steps <shares>',
      "instead of the environment's strategy: 10%:5m,50%:5m, or 10%,50% for a minute each",
      steps,
    )
    .option('--requests <rate>', 'how many come: 50/m, 10/s (50/m)', rate)
    .option('--session <requests>', 'how many a session makes (5)', count)
    .option('--errors <share>', 'share that fails on the old revision (0.2%)', share)
    .option(
      '--bad-errors <share>',
      'share that fails on the new revision; several are tried without',
      shareOrAll,
    )
    .option('--slow <times>', 'how much longer the new revision takes: 1.6x', times)
    .addOption(
      new Option('--cluster <requests>', 'sessions of so many requests fail as a whole; without --session')
        .argParser(count)
        .conflicts('session'),
    )
    .option('--noise', 'now and then a fifth of all requests fails for half a minute, on both revisions')
    .option('--stalls', 'about once a minute each revision stands still for a second, by itself')
    .option('--recorded', 'requests, errors and times as the router has counted them in this environment')
    .option('--rollouts <count>', 'of each new revision (1000)', countUpTo(100_000))
    .option('--seed <number>', 'another one gives other users (1)', count)
    .option('--output <file>', 'also as a page with a picture, in one file that needs nothing else')
    .option(...ofApp);
}

/** Reads `50/m` or `10/s` as requests a minute. */
function rate(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\/(s|m|min|h)$/.exec(text) ?? [];
  const perMinute = Number(number) * { s: 60, m: 1, min: 1, h: 1 / 60 }[(unit ?? 'm') as 's'];
  if (perMinute > 0 && perMinute <= 1_000_000) return perMinute;
  throw new InvalidArgumentError('Write it like this: 50/m, up to a million a minute.');
}

/** Reads `0.2%` as 0.002. */
function share(text: string): number {
  const [, number] = /^(\d+(?:\.\d+)?)\s?%$/.exec(text) ?? [];
  if (number !== undefined && Number(number) < 100) return Number((Number(number) / 100).toPrecision(12));
  throw new InvalidArgumentError('Write it like this: 0.2%, below 100%.');
}

/** The same, for a revision that may break whatever it is asked. */
function shareOrAll(text: string): number {
  return /^100(?:\.0+)?\s?%$/.test(text) ? 1 : share(text);
}

/** Reads `1.6x` as 1.6. */
function times(text: string): number {
  const [, number] = /^(\d+(?:\.\d+)?)x$/.exec(text) ?? [];
  if (number !== undefined && Number(number) > 1 && Number(number) <= 100) return Number(number);
  throw new InvalidArgumentError('Write it like this: 1.6x, more than 1x.');
}

const stepMs = 60_000;

/** Reads `10%:5m,50%`. */
function steps(text: string): CanaryStep[] {
  const all = text.split(',').map(step);
  const rises = all.every(({ weightPercent }, index) => weightPercent > (all[index - 1]?.weightPercent ?? 0));
  if (rises) return all;
  throw new InvalidArgumentError('The shares must rise: 10%,50%');
}

function step(text: string): CanaryStep {
  const [, weight, hold] = /^\s*(\d+)%(?::(\S+))?\s*$/.exec(text) ?? [];
  const weightPercent = Number(weight);
  if (!(weightPercent > 0 && weightPercent <= 100))
    throw new InvalidArgumentError('Write it like this: 10%:5m,50%:5m, with shares from 1% to 100%.');
  if (hold === undefined) return { weightPercent, hold: { kind: 'timer', ms: stepMs } };
  const duration = parseDuration(hold);
  if (!duration.ok) throw new InvalidArgumentError(`${duration.reason}; ${duration.help}.`);
  return { weightPercent, hold: { kind: 'timer', ms: duration.ms } };
}
