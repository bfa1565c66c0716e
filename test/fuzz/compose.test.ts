import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { loadCompose } from '../../src/compose/index.ts';
import { mistakesFolder, projectsFolder, projectTexts } from '../compose/project-text.ts';
import { flawsOf, settings } from './settings.ts';

const words = [
  'services image build context dockerfile command entrypoint environment env_file ports volumes networks secrets',
  'configs depends_on condition service_healthy healthcheck test interval deploy resources limits memory replicas',
  'extends file service include path project_directory profiles restart labels logging driver options tmpfs ulimits',
  'external name pre_start post_start pre_stop hostname links expose dns sysctls devices gpus blkio_config version',
]
  .join(' ')
  .split(' ');

const values = [
  '${A} ${A:-${B:-c}} ${A:?} $ $$ ${ ${A $1 ~ null 0777 1e400 0x - <<',
  '80:80 1-2:3-4 :: ./a:/b /a:/b:ro data:/x 10s 1m 512m __proto__ constructor',
  'a=b = compose.yaml .env !reset * &a service:web [::1]:1:1 a web true ',
].flatMap((line) => line.split(' '));

const scalar = fc.oneof(
  fc.constantFrom(...words, ...values),
  fc.string({ maxLength: 12 }),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
);

const tree = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5, depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.dictionary(
      fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom(...words, ...values) },
        { weight: 1, arbitrary: fc.string() },
      ),
      tie('node'),
      { maxKeys: 6 },
    ),
    fc.array(tie('node'), { maxLength: 4 }),
  ),
})).node;

/** Loads, and holds what comes of it against what is promised. */
function sound(files: Map<string, string>, names: string[] | null, profiles: string[] = ['*']): void {
  const result = loadCompose({
    files: names,
    sources: { read: (path) => files.get(path) ?? null },
    env: { A: 'a' },
    profiles,
  });
  const findings = result.ok ? result.warnings : result.findings;
  if (!result.ok) expect(findings.some(({ severity }) => severity === 'error')).toBe(true);
  for (const finding of findings) {
    expect(finding.at, finding.message).toBeDefined();
    expect(finding.help, finding.message).toBeTruthy();
    // A lone carriage return ends no line where findings are shown.
    const text = (files.get(finding.at?.file ?? '') ?? '').replaceAll(/\r(?!\n)/g, ' ');
    expect(flawsOf([finding], text)).toEqual([]);
  }
  // It travels to the store as JSON.
  if (result.ok) expect(JSON.parse(JSON.stringify(result.value))).toEqual(result.value);
}

const alone = (text: string) => sound(new Map([['compose.yaml', text]]), ['compose.yaml']);

/** A text with a few places changed: cut, doubled, overwritten by a word, moved. */
function mutated(seed: string): fc.Arbitrary<string> {
  const change = fc.record({
    kind: fc.constantFrom('cut', 'double', 'insert', 'line', 'indent'),
    at: fc.nat(seed.length),
    length: fc.nat(40),
    by: fc.oneof(
      fc.constantFrom(...words, ...values),
      fc.string({ maxLength: 6 }),
      fc.constantFrom(
        '\n',
        '\t',
        ': ',
        '- ',
        '&a ',
        '*a',
        '|',
        '"',
        "'",
        '#',
        '{',
        '[',
        '\r\n',
        '!override ',
      ),
    ),
  });
  return fc.array(change, { minLength: 1, maxLength: 5 }).map((changes) =>
    changes.reduce((text, { kind, at, length, by }) => {
      const end = Math.min(text.length, at + length);
      const [head, middle, tail] = [text.slice(0, at), text.slice(at, end), text.slice(end)];
      if (kind === 'cut') return head + tail;
      if (kind === 'double') return head + middle + middle + tail;
      if (kind === 'insert') return head + by + middle + tail;
      if (kind === 'line') return `${head}\n${by}: ${middle}${tail}`;
      return `${head}${middle.replaceAll('\n', '\n  ')}${tail}`;
    }, seed),
  );
}

const projects = [...projectTexts(projectsFolder), ...projectTexts(mistakesFolder)];

describe('loadCompose gives a project or findings inside the files, and never throws', () => {
  test('for any text', () => {
    fc.assert(fc.property(fc.string({ maxLength: 200, unit: 'grapheme' }), alone), settings(500));
  });

  test('for YAML of any shape', () => {
    fc.assert(
      fc.property(tree, (value) => alone(stringify(value) ?? '')),
      settings(700),
    );
  });

  test('for services of any shape', () => {
    const services = fc.dictionary(
      fc.constantFrom('web', 'db', 'a'),
      fc.dictionary(fc.constantFrom(...words), tree, { maxKeys: 5 }),
    );
    const top = fc.record(
      { services, volumes: tree, networks: tree, secrets: tree },
      { requiredKeys: ['services'] },
    );
    fc.assert(
      fc.property(top, (value) => alone(stringify(value))),
      settings(1_500),
    );
  });

  test('for two files of any shape, one over the other', () => {
    const service = fc.dictionary(fc.constantFrom(...words), tree, { maxKeys: 4 });
    const file = fc.record({ services: fc.record({ web: service, db: service }, { requiredKeys: [] }) });
    fc.assert(
      fc.property(file, file, (one, other) =>
        sound(
          new Map([
            ['compose.yaml', stringify(one)],
            ['b.yaml', stringify(other)],
          ]),
          ['compose.yaml', 'b.yaml'],
        ),
      ),
      settings(700),
    );
  });

  test.each(projects.map(({ name, files, settings: { files: names } }) => [name, files, names] as const))(
    'for mutations of %s',
    (_, files, names) => {
      for (const [path, text] of files) {
        fc.assert(
          fc.property(mutated(text), (changed) => sound(new Map(files).set(path, changed), names)),
          settings(20),
        );
      }
    },
  );

  test('for every beginning of a whole file', () => {
    const text = projects.find(({ name }) => name === 'medianest')?.files.get('compose.yaml') ?? '';
    expect(text.length).toBeGreaterThan(1_000);
    for (let end = 0; end < text.length; end += 7) alone(text.slice(0, end));
  });

  test('for nesting that would exhaust a stack', () => {
    for (const depth of [50, 500, 5_000]) {
      alone(`services: ${'{a: '.repeat(depth)}1${'}'.repeat(depth)}`);
      alone(`${'['.repeat(depth)}${']'.repeat(depth)}`);
      alone(`services: { web: { image: "${'${A:-'.repeat(depth)}${'}'.repeat(depth)}" } }`);
      alone(`services: { web: { image: "${'${B:-'.repeat(depth)}${'}'.repeat(depth)}" } }`);
    }
  });

  test('for aliases that would grow beyond the memory', () => {
    const levels = Array.from({ length: 12 }, (_, n) => {
      const item = n === 0 ? 'x' : `*a${n - 1}`;
      return `x-a${n}: &a${n} [${Array.from({ length: 10 }, () => item).join(', ')}]`;
    });
    alone(`${levels.join('\n')}\nservices: { web: { image: a, x-all: *a11 } }\n`);
    alone('services: &a { web: *a }\n');
    alone('x-a: &a { <<: *a }\nservices: { web: { image: x, <<: *a } }\n');
  });

  test('for chains of services and of files that would exhaust a stack', () => {
    const chain = (key: string) =>
      Array.from(
        { length: 600 },
        (_, n) => `  s${n}: { image: x, ${key}: ${key === 'extends' ? `s${n + 1}` : `[s${n + 1}]`} }`,
      );
    for (const key of ['extends', 'depends_on'])
      alone(`services:\n${chain(key).join('\n')}\n  s600: { image: x }\n`);
    const files = Array.from(
      { length: 300 },
      (_, n) => [`${n}.yaml`, `include: [${n + 1}.yaml]\nservices: { s${n}: { image: x } }`] as const,
    );
    sound(new Map(files), ['0.yaml']);
  });

  test('for env files of any text', () => {
    const line = fc.array(
      fc.constantFrom('A', 'B', '=', '"', "'", '\\', '$', '{', '}', '\n', ' ', '#', 'export ', ':', 'x'),
      { maxLength: 40 },
    );
    const text = fc.oneof(
      fc.string({ maxLength: 80, unit: 'grapheme' }),
      line.map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (env) =>
        sound(
          new Map([
            [
              'compose.yaml',
              'services: { web: { image: a, env_file: [e.env, {path: r.env, format: raw}] } }',
            ],
            ['e.env', env],
            ['r.env', env],
            ['.env', env],
          ]),
          ['compose.yaml'],
        ),
      ),
      settings(1_500),
    );
  });
});
