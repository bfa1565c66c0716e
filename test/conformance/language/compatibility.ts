import type { Case } from './case.ts';
import type { Section } from './inventory.ts';

const words = { works: 'Works', partly: 'Partly', refused: 'Refused' } as const;

interface Row {
  member: string;
  status: Case['status'];
  notes: string[];
  files: string[];
}

/** Members that no case shows; none may be left. */
export function uncovered(sections: Section[], cases: Case[]): string[] {
  const covered = new Set(cases.flatMap(({ covers }) => covers));
  return sections.flatMap(({ members }) => members).filter((member) => !covered.has(member));
}

/** What cases name and the inventory does not have. */
export function unknownMembers(sections: Section[], cases: Case[]): string[] {
  const known = new Set(sections.flatMap(({ members }) => members));
  return cases.flatMap(({ covers, file }) =>
    covers.filter((member) => !known.has(member)).map((member) => `${file}: ${member}`),
  );
}

/** The page docs/compatibility.md: what runs, what differs, what is refused; made from the cases that prove it. */
export function compatibilityPage(sections: Section[], cases: Case[]): string {
  const all = sections.flatMap((section) => rowsOf(section, cases));
  const count = (status: Case['status']) => all.filter((row) => row.status === status).length;
  return [
    '# Compatibility with GitHub Actions',
    '',
    `Every part of the language, and what \`slipway run\` makes of it on the machine itself. Generated from the ${cases.length} cases in \`test/conformance/language/cases\`, each of which runs in the tests with an exact expected result; a part without a case fails them. Do not edit: \`node scripts/write-compatibility.ts\`.`,
    '',
    'An event works when `slipway run <event>` starts what names it, with all filters. A server starts workflows for what is shipped to it, as pushes, and for nothing else yet.',
    '',
    `**${count('works')}** work, **${count('partly')}** work in part, **${count('refused')}** are refused with a reason before anything starts.`,
    '',
    ...sections.flatMap((section) => sectionLines(section, cases)),
  ].join('\n');
}

function sectionLines(section: Section, cases: Case[]): string[] {
  const rows = rowsOf(section, cases);
  const working = rows.filter(({ status }) => status === 'works').length;
  return [
    `## ${section.title}`,
    '',
    `${working} of ${rows.length} work.`,
    '',
    '| Part | Here | What differs | Cases |',
    '| --- | --- | --- | --- |',
    ...rows.map(
      ({ member, status, notes, files }) =>
        `| \`${cell(member)}\` | ${words[status]} | ${notes.map(cell).join(' ')} | ${shown(files)} |`,
    ),
    '',
  ];
}

function rowsOf({ members }: Section, cases: Case[]): Row[] {
  return members.map((member) => {
    const showing = cases.filter(({ covers }) => covers.includes(member));
    const worst = (['refused', 'partly', 'works'] as const).find((status) =>
      showing.some((one) => one.status === status),
    );
    // What some cases refuse and others show at work goes part of the way.
    const mixed = worst === 'refused' && showing.some(({ status }) => status !== 'refused');
    return {
      member,
      status: mixed ? 'partly' : (worst ?? 'refused'),
      notes: [...new Set(showing.flatMap(({ note }) => note ?? []))],
      files: showing.map(({ file }) => file.replace(/\.yml$/, '')),
    };
  });
}

function shown(files: string[]): string {
  const few = files.slice(0, 3).map((file) => `\`${file}\``);
  return [...few, ...(files.length > 3 ? [`and ${files.length - 3} more`] : [])].join(', ');
}

function cell(text: string): string {
  return text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ');
}
