import type { EnvironmentDefinition } from '../app/index.ts';
import type { Finding } from '../diagnostics/index.ts';
import { openMirror } from '../source/index.ts';
import { matchesPatterns } from '../workflow/index.ts';
import { askMachines } from './ask-machines.ts';
import { readForPlan } from './plan-compose.ts';
import { commitFiles } from './repository-files.ts';
import { dataFindingsOfCommit } from './shared-data-checks.ts';
import { FindingsError } from './findings-error.ts';
import type { CheckedCommit, ShipWish } from './shipping.ts';
import type { System } from './system.ts';

/**
 * Reads the Compose files of a commit for each environment that it may reach, before its pipeline runs: what `slipway plan`
 * would refuse is refused here. Secrets without a value are told when their environment is due; they may come until then.
 *
 * @returns Warnings, with the texts that they point into.
 * @throws FindingsError with every mistake.
 */
export async function checkCompose(
  { app: name, commit, ref }: ShipWish,
  { app, sources }: Pick<CheckedCommit, 'app' | 'sources'>,
  { layout, store, vault, machines }: Pick<System, 'layout' | 'store' | 'vault' | 'machines'>,
): Promise<{ warnings: Finding[]; sources: Record<string, string> }> {
  if (app.kind !== 'compose') return { warnings: [], sources };
  const mirror = await openMirror(layout.app(name).mirror);
  const branch = ref.replace(/^refs\/heads\//, '');
  const reached = app.environments.filter(
    ({ branches }) => branches.length === 0 || matchesPatterns(branches, branch),
  );
  const files = commitFiles(mirror, commit);
  const read = await Promise.all(reached.map((definition) => readForPlan({ app, definition, files }, vault)));
  const findings = once(read.flatMap(({ result }) => (result.ok ? result.warnings : result.findings)));
  const texts = Object.assign({}, sources, ...read.map((one) => one.texts)) as Record<string, string>;
  if (read.some(({ result }) => !result.ok)) throw new FindingsError(findings, texts);
  const asked = (await Promise.all(reached.map((one) => checkMachines(one, machines)))).flat();
  const data = await Promise.all(
    read.flatMap(({ result }) =>
      result.ok
        ? [dataFindingsOfCommit({ app: app.name, result: result.value, files }, { store, machines })]
        : [],
    ),
  );
  const all = [...findings, ...once([...asked, ...data.flat()])];
  if (all.some(({ severity }) => severity === 'error')) throw new FindingsError(all, texts);
  return { warnings: all, sources: texts };
}

/** What stands in the way on a machine; it may be gone until an environment is due that comes after another. */
async function checkMachines(
  definition: EnvironmentDefinition,
  machines: System['machines'],
): Promise<Finding[]> {
  const { obstacles } = await askMachines({ definition }, machines);
  const severity = definition.promoteFrom === null ? 'error' : 'warning';
  return obstacles.map(({ finding }) => ({ ...finding, severity }));
}

/** Environments of one app mostly share their mistakes. */
export function once(findings: Finding[]): Finding[] {
  const key = ({ code, message, at }: Finding) => `${code} ${message} ${at?.file}:${at?.start.line}`;
  return findings.filter(
    (finding, index) => findings.findIndex((other) => key(other) === key(finding)) === index,
  );
}
