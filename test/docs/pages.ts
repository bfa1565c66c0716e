import { globSync, readFileSync } from 'node:fs';

/** A fenced block of a page. */
export interface Block {
  /** `docs/jobs.md:31` */
  place: string;
  /** First word after the fence; `scene` for a comment that says what a test makes there. */
  language: string;
  /** What follows it: a file name, or a mark such as `slipway-test`. */
  info: string;
  text: string;
}

/** The pages that users read, by path; changelogs and pages that programs write are not looked into for examples. */
export const pages: string[] = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/**/*.md').sort()];

/** Every fenced block of a page, in order. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let open: Block | null = null;
  for (const [index, line] of readFileSync(page, 'utf8').split('\n').entries()) {
    const place = `${page}:${index + 1}`;
    const scene = /^<!-- scene: (.*) -->$/.exec(line);
    if (scene) blocks.push({ place, language: 'scene', info: scene[1] ?? '', text: '' });
    const fence = /^```(\S*)\s*(.*)$/.exec(line);
    if (!fence) {
      if (open) open.text += `${line}\n`;
    } else if (open) {
      blocks.push(open);
      open = null;
    } else open = { place, language: fence[1] ?? '', info: fence[2] ?? '', text: '' };
  }
  return blocks;
}
