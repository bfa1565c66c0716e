import { readFileSync } from 'node:fs';

/** A word of the design, and the type, or the member of a type, whose doc comment defines it. */
interface Entry {
  word: string;
  file: string;
  symbol: string;
}

/** By topic; a word has one meaning, and this is where it is said. */
const topics: Record<string, Entry[]> = {
  'From a commit to a release': [
    { word: 'Workflow', file: 'src/workflow/model.ts', symbol: 'Workflow' },
    { word: 'Trigger', file: 'src/workflow/model.ts', symbol: 'Trigger' },
    { word: 'Job', file: 'src/workflow/model.ts', symbol: 'Job' },
    { word: 'Matrix', file: 'src/workflow/model.ts', symbol: 'Strategy' },
    { word: 'Step', file: 'src/workflow/model.ts', symbol: 'Step' },
    { word: 'Action', file: 'src/workflow/actions.ts', symbol: 'BuiltInAction' },
    { word: 'Ship', file: 'src/wiring/ship-flow.ts', symbol: 'ShipData' },
    { word: 'Run', file: 'src/runs/model.ts', symbol: 'RunState' },
    { word: 'Job instance', file: 'src/runs/model.ts', symbol: 'JobInstance' },
    { word: 'Artifact', file: 'src/release/release.ts', symbol: 'RunArtifact' },
    { word: 'Release', file: 'src/release/release.ts', symbol: 'Release' },
  ],
  'From a release to users': [
    { word: 'App', file: 'src/app/model.ts', symbol: 'App' },
    { word: 'Process type', file: 'src/app/model.ts', symbol: 'ProcessType' },
    { word: 'Environment', file: 'src/delivery/environment.ts', symbol: 'EnvironmentState' },
    { word: 'Scope', file: 'src/delivery/environment.ts', symbol: 'EnvironmentState.scope' },
    { word: 'Rollout', file: 'src/delivery/environment.ts', symbol: 'Rollout' },
    { word: 'Revision', file: 'src/delivery/revision.ts', symbol: 'Revision' },
    { word: 'Copy', file: 'src/delivery/revision.ts', symbol: 'DesiredInstance' },
    { word: 'Strategy', file: 'src/app/model.ts', symbol: 'StrategyDefinition' },
    { word: 'Step of a rollout', file: 'src/delivery/strategy.ts', symbol: 'Step' },
    { word: 'Health', file: 'src/app/model.ts', symbol: 'HealthDefinition' },
    { word: 'Bake', file: 'src/app/model.ts', symbol: 'EnvironmentDefinition.bakeMs' },
    { word: 'Rollback window', file: 'src/app/model.ts', symbol: 'EnvironmentDefinition.rollbackWindowMs' },
    { word: 'Stable', file: 'src/delivery/environment.ts', symbol: 'EnvironmentState.stable' },
    { word: 'Standby', file: 'src/delivery/environment.ts', symbol: 'EnvironmentState.standby' },
    { word: 'Overlap', file: 'src/app/model.ts', symbol: 'EnvironmentDefinition.overlap' },
    { word: 'Target', file: 'src/delivery/ports.ts', symbol: 'Target' },
    { word: 'Router', file: 'src/delivery/ports.ts', symbol: 'Router' },
    { word: 'Routes', file: 'src/delivery/ports.ts', symbol: 'Routes' },
  ],
  'What makes it durable': [
    { word: 'Flow', file: 'src/flow/types.ts', symbol: 'Flow' },
    { word: 'Fence', file: 'src/flow/types.ts', symbol: 'Flow.fence' },
    { word: 'Lease', file: 'src/flow/types.ts', symbol: 'FlowStore' },
    { word: 'Signal', file: 'src/flow/types.ts', symbol: 'Signal' },
    { word: 'Transition', file: 'src/flow/types.ts', symbol: 'Transition' },
    { word: 'Effect', file: 'src/delivery/effects.ts', symbol: 'Effect' },
    { word: 'Observed time', file: 'src/flow/observed-time.ts', symbol: 'ObservedTimer' },
    { word: 'Event', file: 'src/flow/types.ts', symbol: 'StoredEvent' },
    { word: 'Chain', file: 'src/flow/types.ts', symbol: 'NewEvent.chain' },
    { word: 'Head', file: 'src/flow/chain.ts', symbol: 'ChainHead' },
    { word: 'Finding', file: 'src/diagnostics/finding.ts', symbol: 'Finding' },
  ],
};

/** The glossary as Markdown, not yet formatted. Throws when a word has lost its definition. */
export function glossary(): string {
  const lines = [
    '# Glossary',
    '',
    '<!-- Written by scripts/write-glossary.ts out of the doc comments on the types; changes here are lost. -->',
    '',
    'Each word has one meaning. What stands here is the comment on the type that defines it.',
  ];
  for (const [topic, entries] of Object.entries(topics)) {
    lines.push('', `## ${topic}`);
    for (const { word, file, symbol } of entries) {
      const link = `[\`${symbol}\`](../${file})`;
      lines.push('', `**${word}**: ${definitionOf(readFileSync(file, 'utf8'), symbol, file)} ${link}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** The doc comment right before a type, or before a member of one (`Type.member`), as one paragraph. */
function definitionOf(source: string, symbol: string, file: string): string {
  const [type = '', member] = symbol.split('.');
  const start = new RegExp(`^export (?:interface|type|class) ${type}\\b`, 'm').exec(source)?.index;
  if (start === undefined) throw new Error(`${file} exports no type ${type}`);
  const at = member === undefined ? start : memberAt(source, start, member);
  const before = at === undefined ? '' : source.slice(0, at).trimEnd();
  // A comment holds no other comment's end, so the last opening before it is its own.
  const comment = before.endsWith('*/') ? before.slice(before.lastIndexOf('/**')) : '';
  const text = plain(comment);
  if (text === '') throw new Error(`${symbol} in ${file} has no doc comment`);
  return text;
}

function memberAt(source: string, start: number, member: string): number | undefined {
  const body = source.slice(start, source.indexOf('\n}', start));
  const found = new RegExp(`^ {2}${member}\\??:`, 'm').exec(body);
  return found ? start + found.index : undefined;
}

/** Tags such as `@see` are for readers of the source. */
function plain(comment: string): string {
  const text = comment
    .replace(/^\/\*\*/, '')
    .replace(/\*\/$/, '')
    .replaceAll(/^\s*\* ?/gm, '');
  return text
    .split(/\n\s*@/)[0]!
    .replaceAll(/\{@link (\w+)\}/g, '$1')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
