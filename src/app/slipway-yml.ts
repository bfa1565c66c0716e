import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import type { Node } from 'yaml';
import type { Finding } from '../diagnostics/index.ts';
import { compose, migration, route, service } from './compose-shape.ts';
import { environment } from './environment-shape.ts';
import { judgeSchema } from './judge-shape.ts';
import type { App } from './model.ts';
import { word } from './notation.ts';
import type { SourceFile } from './procfile.ts';
import { about, flag, mapOf, notEmpty, object, Reader, text, variableValue } from './shapes.ts';
import type { JsonSchema } from './shapes.ts';
import { name, processName, variable } from './written-names.ts';

const workflowVariable = { ...variable, expects: 'a name of a variable', example: 'REGION' };

const release = object(
  {
    artifact: about(
      text({ expects: 'the name of an uploaded artifact', example: 'dist' }),
      "Artifact of the workflow that is laid over the commit's files. Without it: `release`, `dist` or `build`, the first that exists.",
    ),
    install: about(
      flag,
      'Whether production dependencies are installed into the release with `npm ci`. Without it: when the lock file has any and no node_modules is there.',
    ),
  },
  { example: '{ artifact: dist }' },
);

const slipwayYml = object(
  {
    name: about(
      text({ expects: 'a name', example: 'medianest', ...name }),
      "The app's name. Without it: the name of the repository's folder.",
    ),
    kind: about(
      word('a kind of app', ['procfile', 'compose'] satisfies App['kind'][]),
      'Which of the two the app is started by, where the repository has both.',
    ),
    compose: about(compose, 'Which Compose files the app is made of.'),
    services: about(
      mapOf({ ...processName, expects: 'a name of a service' }, service),
      'What services of the Compose file are to a rollout.',
    ),
    migration: about(migration, "What this release's migration means for the way back."),
    route: about(route, 'How users reach the app.'),
    release: about(release, "What a release holds beyond the commit's own files."),
    vars: about(mapOf(workflowVariable, variableValue), 'What jobs see as `vars` in workflows.'),
    environments: about(
      notEmpty(
        mapOf({ expects: 'the name of an environment', example: 'production', ...name }, environment),
        'define one, such as "production: { branches: [main] }", or remove the key',
      ),
      'Where the app runs. Without it: production, from the default branch.',
    ),
  },
  { example: '{ name: medianest }', emptyIsNone: true },
);

/** slipway.yml as written, every value with its place. */
export type SlipwayYml = NonNullable<ReturnType<typeof slipwayYml.read>>;

/** The published JSON Schema of slipway.yml: the same table that Slipway reads with. */
export const slipwaySchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'slipway.yml',
  ...slipwayYml.schema,
  $defs: { judge: judgeSchema },
};

/** Reads slipway.yml key by key; what belongs together is checked by `parseApp`. An empty file is a file without keys. */
export function readSlipwayYml(source: SourceFile): { value: SlipwayYml; findings: Finding[] } {
  const lines = new LineCounter();
  const document = parseDocument(source.text, {
    lineCounter: lines,
    prettyErrors: false,
    version: '1.2',
    uniqueKeys: false,
    keepSourceTokens: false,
  });
  const reader = new Reader(source.file, document, lines);
  // Those that follow are mostly echoes of the first.
  for (const error of document.errors.slice(0, 1)) {
    const at = {
      file: source.file,
      start: reader.position(error.pos[0]),
      end: reader.position(error.pos[1]),
    };
    reader.report('app/yaml', `this is not YAML: ${error.message.split('\n')[0]}`, at, {
      help: 'mend the syntax here; the rest of the file is checked after that',
    });
  }
  if (document.errors.length > 0) return { value: {}, findings: reader.findings };
  const root = document.contents as Node | null;
  if (root === null || (isScalar(root) && root.value === null)) return { value: {}, findings: [] };
  if (!isMap(root)) {
    reader.report('app/wrong-type', 'slipway.yml must be a mapping of keys', reader.span(root), {
      help: 'start with a line such as "name: medianest"',
    });
    return { value: {}, findings: reader.findings };
  }
  return { value: slipwayYml.read(root, reader, '') ?? {}, findings: reader.findings };
}
