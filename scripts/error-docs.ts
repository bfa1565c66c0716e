import { readFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { errorCatalogue } from './error-catalogue.ts';

const root = new URL('../', import.meta.url);

/** Mistakes that a newcomer is most likely to make, in the order in which they come. */
const shownMistakes: readonly (readonly [title: string, name: string])[] = [
  ['Files that are not committed', 'dirty-tree'],
  ['Nothing says how to run the app', 'no-procfile'],
  ['A key that slipway.yml does not have', 'slipway-yml-unknown-key'],
  ['A time without its unit', 'slipway-yml-unit'],
  ['A metric that measures two versions at once', 'slipway-yml-metric'],
  ['A job that waits for one that is not there', 'workflow-unknown-need'],
  ['A function that expressions do not have', 'workflow-unknown-function'],
  ['An output that a job does not have', 'lint-unknown-output'],
  ['A script that runs what a stranger writes', 'lint-injection'],
  ['A context that a condition of a job does not have', 'lint-context'],
  ['Filters that exclude each other', 'lint-filters'],
  ['A time that no clock shows', 'lint-schedule'],
  ['A call with an input that the called workflow does not have', 'lint-call-input'],
  ['A local action without an input that it needs', 'lint-action'],
  ['A run that needs a service', 'run-container'],
  ['An input that is none of its options', 'run-input'],
  ['An event that starts nothing', 'run-event'],
  ['A branch that starts no workflow', 'nothing-triggered'],
  ['A test that fails', 'failed-job'],
  ['An app that never becomes ready', 'never-ready'],
  ['A secret that nobody has set', 'secret-missing'],
  ['Going back while a rollout is under way', 'rollback-under-way'],
  ['A port that another program has', 'port-taken'],
  ['No server', 'no-server-status'],
  ['A full disk', 'full-disk-at-ship'],
];

/** Text of docs/errors.md: every code, what it stands for, what to do. */
export function errorDocs(): Promise<string> {
  const rooms = errorCatalogue.map(({ room, about, codes }) => {
    const rows = Object.entries(codes).map(
      ([code, { means, todo }]) => `| \`${room}/${code}\` | ${cell(means)} | ${cell(todo)} |`,
    );
    return [
      `## ${room}: ${about}`,
      '',
      '| Code | Meaning | What to do |',
      '| --- | --- | --- |',
      ...rows,
      '',
    ];
  });
  return pretty('docs/errors.md', [
    '# Error codes',
    '',
    "<!-- Written by scripts/write-errors.ts out of the rooms' codes.ts; changes here are lost. -->",
    '',
    'What Slipway prints has the form `error[code]: message`, then the place, facts that help to decide, and the way out. With `--json` the same stands in `findings`. Codes stay the same between versions; messages may be said better. [mistakes.md](mistakes.md) shows whole texts.',
    '',
    ...rooms.flat(),
  ]);
}

/** Text of docs/mistakes.md: what people see, to the letter, as the tests have it. */
export function mistakeDocs(): Promise<string> {
  const parts = shownMistakes.map(([title, name]) => {
    const text = readFileSync(new URL(`test/mistakes/expected/${name}.txt`, root), 'utf8').trimEnd();
    return [`## ${title}`, '', '```text', text, '```', ''];
  });
  return pretty('docs/mistakes.md', [
    '# What mistakes look like',
    '',
    '<!-- Written by scripts/write-errors.ts out of test/mistakes/expected; changes here are lost. -->',
    '',
    'Each text is what the command prints, to the letter: a test makes the mistake and compares. Only what differs from machine to machine is written as `<…>`, and `[…]` stands for the lines on the way there. All codes are in [errors.md](errors.md).',
    '',
    ...parts.flat(),
  ]);
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

async function pretty(path: string, lines: string[]): Promise<string> {
  const options = await resolveConfig(new URL(path, root));
  return format(lines.join('\n'), { ...options, parser: 'markdown' });
}
