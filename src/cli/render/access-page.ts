import type { AccessView } from '../../server/index.ts';
import { renderTable } from './table.ts';
import { paint, type Look } from './text.ts';

/** Who may do what on a server. */
export function accessPage({ you, owner, inForce, people, reviewed }: AccessView, look: Look): string[] {
  if (!inForce) {
    return [
      `only ${owner}, who owns this server, gets in, and may do everything; names are those that git says`,
      '  let somebody in: slipway access grant ana deployer production',
    ];
  }
  const rows = people.map(({ name, grants, proof }) => [name, grants.join(', '), proof]);
  return [
    ...renderTable(
      { heads: ['PERSON', 'MAY', 'KNOWN BY'], rows: [[owner, 'everything: the owner', 'the home'], ...rows] },
      look,
    ),
    ...(reviewed.length === 0 ? [] : ['', `always with a reviewer: ${reviewed.join(', ')}`]),
    '',
    paint(look, 'dim', `you are ${you.name} (${you.proof})`),
  ];
}
