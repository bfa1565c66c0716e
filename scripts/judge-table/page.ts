import { percent as percentOf, thousands, type Share, type Summary } from '../../src/simulation/index.ts';
import { bad, good, heldAt, kinds, rates, settings, type Cell, type Played } from './cells.ts';

/** A cell and what came of it. */
export interface PlayedCell {
  cell: Cell;
  played: Played;
}

/** The text of docs/judge-table.md. */
export function tablePage(
  all: readonly PlayedCell[],
  { rollouts, seed }: { rollouts: number; seed: number },
): string {
  return [
    '# How often the judge errs, and how soon it sees',
    '',
    '<!-- Written by scripts/judge-table.ts; changes here are lost. -->',
    '',
    ...introduction,
    '',
    `Each number is of ${thousands(rollouts)} rollouts, with users drawn by chance from seed ${seed}. \`npm run judge-table -- --rollouts ${rollouts} --seed ${seed}\` writes this page again, to the letter.`,
    '',
    '## Good candidates that are taken back',
    '',
    'At most 1 % is promised. In brackets: where the true share is, with 95 % confidence.',
    ...Object.keys(settings).flatMap((setting) => [
      '',
      `### ${settings[setting as 'default'].title}`,
      '',
      ...falseAlarms(all, setting),
    ]),
    '',
    '## Bad candidates that are stopped',
    '',
    'How many of 100, and after how many minutes on average. Few users tell little: where a site has ten requests a minute, no rule that seldom errs can know more after some minutes, and the rollout ends as "unproven" or waits, as `undecided` says.',
    ...Object.keys(settings).flatMap((setting) =>
      bad.flatMap((candidate) => [
        '',
        `### ${sentence(candidate.name)}: ${settings[setting as 'default'].title}`,
        '',
        ...stops(all, setting, candidate.name),
      ]),
    ),
    '',
    '## Sessions until a bad candidate is stopped',
    '',
    ...waldIntroduction,
    '',
    ...waldTable(all),
    '',
  ].join('\n');
}

const introduction = [
  'Simulated with the judge as it is, `judge: balanced`, which looks once a second here. The old revision fails 0.2 % of its requests and answers half of them within 80 ms, 95 of 100 within 215 ms. Users come by chance, draw their revision by lot and stay with it. `slipway simulate` does the same with your own numbers.',
  '',
  'Traffic: each request may fail by itself, five of them a session; or a bad session fails with all of its 5 or 20 requests; or both revisions fail twice as often by the end of the rollout; or about every five minutes a fifth of all requests fails for half a minute, on both; or each revision by itself stands still for a second, about once a minute; or the double failures in sessions of 20 and the bursts at once, while the new revision has cold caches for ten seconds.',
  '',
  "Beside it stand other tools' rules, which see the same users minute by minute:",
  '',
  '- **Flagger**: success rate at least 99 % and p99 at most 500 ms each minute; goes back after five failed checks, and a minute without traffic is one. In two minutes it cannot.',
  '- **Argo Rollouts**: success rate at least 99 % each minute, with the default `failureLimit` of 0; five minutes without traffic end it as well.',
  '- **Kayenta**: errors and slow requests of each minute compared by its Mann-Whitney test at 98 %, when the rollout would leave the shares. Its makers advise 50 points and more; here it has as many as there are minutes.',
  '',
  'They see requests, not sessions, and move no traffic here: the tools themselves would stay at a share, or give other shares. Their rules with their sources are in `src/simulation/peers`.',
];

const waldIntroduction = [
  'A bad candidate is held at a share of the traffic until it is stopped. Beside it: about how few sessions, of both revisions, the quickest test needs that errs as seldom and knows beforehand how bad the candidate is, which no judge does (Wald; derived in `src/simulation/wald.ts`). Requests fail by themselves, five of them a session; caches are warm, and each session counts by itself (`stall: 0s`), as the bound takes for granted. The last column is with the default, `stall: 1s`, which waits until slowness shows in one second after the other: with many users a second that takes more of them. The judge looks four times a second, or as often as a session comes where that is more seldom: so all but the highest rate give the same users.',
];

function falseAlarms(all: readonly PlayedCell[], setting: string): string[] {
  return table(
    ['Traffic', 'Requests a minute', 'Slipway', 'Flagger', 'Argo', 'Kayenta'],
    rowsOf(all, setting, good.name, ({ ours, peers }) => [
      `**${percent(ours.stopped)}** (${interval(ours.stopped)})`,
      ...[peers.flagger, peers.argo, peers.kayenta].map(({ stopped }) => percent(stopped)),
    ]),
  );
}

function stops(all: readonly PlayedCell[], setting: string, candidate: string): string[] {
  return table(
    ['Traffic', 'Requests a minute', 'Slipway', 'Sessions', 'Flagger', 'Argo', 'Kayenta'],
    rowsOf(all, setting, candidate, ({ ours, peers }) => [
      `**${soon(ours)}**`,
      ours.meanStopSessions === null ? '' : thousands(ours.meanStopSessions),
      ...[peers.flagger, peers.argo, peers.kayenta].map(soon),
    ]),
  );
}

function rowsOf(
  all: readonly PlayedCell[],
  setting: string,
  candidate: string,
  columns: (played: Extract<Played, { of: 'rollouts' }>) => string[],
): string[][] {
  return Object.keys(kinds).flatMap((kind) =>
    rates.flatMap((rate) =>
      all.flatMap(({ cell, played }) => {
        if (cell.of !== 'rollouts' || played.of !== 'rollouts') return [];
        const { setting: own, kind: ownKind, rate: ownRate, candidate: ownCandidate } = cell;
        const isIt = own === setting && ownKind === kind && ownRate === rate;
        return isIt && ownCandidate.name === candidate ? [[kind, thousands(rate), ...columns(played)]] : [];
      }),
    ),
  );
}

function waldTable(all: readonly PlayedCell[]): string[] {
  const rows = bad.flatMap(({ name }) =>
    heldAt.flatMap((weightPercent) =>
      rates.flatMap((rate) =>
        all.flatMap(({ cell, played }) => {
          if (cell.of !== 'wald' || played.of !== 'wald' || cell.rate !== rate) return [];
          const isIt = cell.candidate.name === name && cell.weightPercent === weightPercent;
          return isIt ? [[name, `${weightPercent} %`, thousands(rate), ...besideBound(played)]] : [];
        }),
      ),
    ),
  );
  const heads = [
    'Candidate',
    'Share',
    'Requests a minute',
    'Sessions on average',
    'Bound',
    'Times the bound',
    'With stall: 1s',
  ];
  return table(heads, rows);
}

function besideBound({ ours, lasting, boundSessions }: Extract<Played, { of: 'wald' }>): string[] {
  const mean = ours.meanStopSessions ?? NaN;
  return [
    thousands(mean),
    thousands(boundSessions),
    (mean / boundSessions).toFixed(2),
    lasting ? thousands(lasting.meanStopSessions ?? NaN) : 'the same',
  ];
}

function table(heads: string[], rows: string[][]): string[] {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)];
}

function soon({ stopped, meanStopMs }: Summary): string {
  return meanStopMs === null
    ? percent(stopped)
    : `${percent(stopped)}, ${(meanStopMs / 60_000).toFixed(1)} min`;
}

function percent({ count, of }: Share): string {
  return percentOf(count / of);
}

function interval({ low, high }: Share): string {
  return `${percentOf(low).replace(' %', '')}–${percentOf(high).replace(' %', '')}`;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
