import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { functionNames } from '../expressions/index.ts';
import { availability, type Place } from './availability.ts';
import { permissionLevels } from './parse-permissions.ts';

/** What this test reads of GitHub's own schemas, which come with its parser. */
interface Schema {
  definitions: Record<
    string,
    {
      context?: string[];
      string?: { constant?: string };
      mapping?: { properties?: Record<string, string | { type: string }> };
      'one-of'?: string[];
    }
  >;
}

function readSchema(name: 'workflow' | 'action'): Schema {
  const path = `../../node_modules/@actions/workflow-parser/dist/${name}-v1.0.min.json`;
  const schema: Schema = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
  return schema;
}

const schemas = { workflow: readSchema('workflow'), action: readSchema('action') };

/** Definitions of the schema that make up each place: what stands inside another sees its contexts as well. */
const definitionsOf: Record<Place, [schema: keyof typeof schemas, ...definitions: string[]]> = {
  fixedText: ['workflow', 'workflow-name'],
  runName: ['workflow', 'run-name'],
  workflowEnv: ['workflow', 'workflow-env'],
  workflowConcurrency: ['workflow', 'workflow-concurrency'],
  callInput: ['workflow', 'workflow-call-input-default'],
  callOutput: ['workflow', 'workflow-output-context'],
  jobName: ['workflow', 'string-strategy-context'],
  jobIf: ['workflow', 'job-if'],
  runsOn: ['workflow', 'runs-on'],
  environment: ['workflow', 'job-environment', 'job-environment-name'],
  environmentUrl: ['workflow', 'job-environment', 'string-runner-context-no-secrets'],
  outputs: ['workflow', 'string-runner-context'],
  jobEnv: ['workflow', 'job-env'],
  jobDefaults: ['workflow', 'job-defaults-run'],
  jobConcurrency: ['workflow', 'job-concurrency'],
  strategy: ['workflow', 'strategy'],
  jobTimeout: ['workflow', 'number-strategy-context'],
  jobContinue: ['workflow', 'boolean-strategy-context'],
  container: ['workflow', 'container'],
  credentials: ['workflow', 'container', 'container-registry-credentials'],
  containerEnv: ['workflow', 'container', 'string-runner-context'],
  snapshotIf: ['workflow', 'snapshot-if'],
  callWith: ['workflow', 'scalar-needs-context'],
  callSecrets: ['workflow', 'scalar-needs-context-with-secrets'],
  stepIf: ['workflow', 'step-if'],
  step: ['workflow', 'step-env'],
  compositeStep: ['action', 'step-env'],
  compositeIf: ['action', 'step-if'],
  actionIf: ['action', 'runs-if'],
  actionInputDefault: ['action', 'input-default-context'],
  actionOutput: ['action', 'output-value'],
  dockerAction: ['action', 'container-runs-context'],
};

function offered([schema, ...definitions]: (typeof definitionsOf)[Place]): string[] {
  const names = definitions.flatMap((name) => schemas[schema].definitions[name]?.context ?? []);
  return [...new Set(names.map((name) => name.replace(/\(.*/, '')))].toSorted();
}

const places = Object.entries(definitionsOf) as [Place, (typeof definitionsOf)[Place]][];

test.each(places)('%s offers the contexts and functions that GitHub offers', (place, definitions) => {
  for (const name of definitions.slice(1))
    expect(Object.keys(schemas[definitions[0]].definitions)).toContain(name);
  const { contexts, functions } = availability[place];
  expect([...contexts, ...functions].toSorted()).toEqual(offered(definitions));
});

test('all functions of the schema that only some places offer are known', () => {
  const all = Object.values(schemas).flatMap(({ definitions }) => Object.values(definitions));
  const functions = all.flatMap(({ context = [] }) => context.filter((name) => name.includes('(')));
  const known = functionNames.map((name) => name.toLowerCase());
  expect(
    functions.map((name) => name.replace(/\(.*/, '').toLowerCase()).filter((name) => !known.includes(name)),
  ).toEqual([]);
});

test('each step of the schema sees the same contexts', () => {
  const names = ['step-env', 'step-with', 'step-name', 'step-timeout-minutes', 'step-continue-on-error'];
  const seen = names.map((name) => offered(['workflow', name]));
  expect(new Set(seen.map(String)).size).toBe(1);
});

test('permissions and their levels are those of GitHub', () => {
  const { definitions } = schemas.workflow;
  const levelsOf = (type: string) =>
    (definitions[type]?.['one-of'] ?? []).map((level) => definitions[level]?.string?.constant);
  const properties = Object.entries(definitions['permissions-mapping']?.mapping?.properties ?? {});
  const official = properties.map(([name, property]) => [
    name,
    levelsOf(typeof property === 'string' ? property : property.type),
  ]);
  expect(official.length).toBeGreaterThan(10);
  expect(Object.fromEntries(official)).toEqual(permissionLevels);
});
