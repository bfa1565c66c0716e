import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runInWorld } from '../testing/world.ts';

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'slipway-graph-'));
  mkdirSync(join(root, '.github', 'workflows'), { recursive: true });
});

afterEach(() => rmSync(root, { recursive: true }));

function write(name: string, text: string): void {
  writeFileSync(join(root, '.github', 'workflows', name), text);
}

const graph = (...words: string[]) => runInWorld(['graph', ...words], root);

const ci = `name: CI
on: [push, pull_request]
jobs:
  lint: { runs-on: ubuntu-latest, steps: [{ run: a }] }
  test:
    name: Test it
    runs-on: ubuntu-latest
    strategy: { matrix: { node: [20, 22], os: [a, b, c] } }
    steps: [{ run: a }]
  build: { needs: [lint, test], runs-on: ubuntu-latest, steps: [{ run: a }] }
  deploy:
    needs: [build, lint]
    if: github.ref == 'refs/heads/main'
    environment: production
    runs-on: ubuntu-latest
    steps: [{ run: a }]
  notify: { needs: build, uses: ./.github/workflows/notify.yml }
`;

const notify = `name: Notify
on: workflow_call
jobs:
  mail: { runs-on: ubuntu-latest, steps: [{ run: a }] }
  log: { needs: mail, uses: ./.github/workflows/notify.yml }
  other: { needs: mail, uses: ana/tools/.github/workflows/x.yml@v1 }
`;

describe('slipway graph', () => {
  test('draws each job once, below the last that it needs, and called workflows below their caller', async () => {
    write('ci.yml', ci);
    write('notify.yml', notify);
    const { code, out, err } = await graph('.github/workflows/ci.yml');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.replace(/(?<=cannot run here: ).*/, '…'))
      .toBe(`CI  .github/workflows/ci.yml  on push, pull_request
├─ lint
└─ test ×6  "Test it"
   └─ build  needs lint, too
      ├─ deploy  → production  needs lint, too  if github.ref == 'refs/heads/main'
      └─ notify  calls ./.github/workflows/notify.yml
         ┊ └─ mail
         ┊    ├─ log  calls ./.github/workflows/notify.yml (calls itself)
         ┊    └─ other  calls ana/tools/.github/workflows/x.yml@v1  cannot run here: …
`);
  });

  test('a matrix that looks at what other jobs say cannot be counted', async () => {
    const matrix = '${{ fromJSON(needs.plan.outputs.matrix) }}';
    write(
      'm.yml',
      `on: push
jobs:
  plan: { runs-on: ubuntu-latest, outputs: { matrix: '[1]' }, steps: [{ run: a }] }
  go: { needs: plan, runs-on: ubuntu-latest, strategy: { matrix: { x: "${matrix}" } }, steps: [{ run: a }] }
  static: { runs-on: ubuntu-latest, strategy: { matrix: { x: "\${{ fromJSON('[1, 2]') }}" } }, steps: [{ run: a }] }
`,
    );
    expect((await graph()).out).toBe(
      '.github/workflows/m.yml  on push\n├─ plan\n│  └─ go ×?\n└─ static ×2\n',
    );
  });

  test('as charts for Mermaid and Graphviz', async () => {
    const steps = 'runs-on: ubuntu-latest, steps: [{ run: a }]';
    write('a.yml', `name: 'A "x"'\non: push\njobs:\n  a: { ${steps} }\n  b: { needs: a, ${steps} }\n`);
    expect((await graph('--format', 'mermaid')).out).toBe(`flowchart LR
  subgraph n3["A #quot;x#quot; (.github/workflows/a.yml)"]
    n1["a"]
    n2["b"]
    n1 --> n2
  end
`);
    expect((await graph('--format', 'dot')).out).toBe(`digraph workflows {
  rankdir=LR;
  node [shape=box];
  subgraph cluster_n3 { label="A \\"x\\" (.github/workflows/a.yml)";
    n1 [label="a"];
    n2 [label="b"];
    n1 -> n2;
  }
}
`);
    const [json = ''] = (await graph('--json')).out.split('\n');
    expect(JSON.parse(json)).toMatchObject({
      file: '.github/workflows/a.yml',
      jobs: [{ id: 'a' }, { needs: ['a'] }],
    });
  });

  test('files with mistakes are named, and the others drawn all the same', async () => {
    write('a.yml', 'on: push\njobs:\n  a: { runs-on: ubuntu-latest, steps: [{ run: a }] }\n');
    write('b.yml', 'on: push\njobs: 1\n');
    const { code, out, err } = await graph();
    expect({ code, out }).toEqual({ code: 2, out: '.github/workflows/a.yml  on push\n└─ a\n' });
    expect(err).toContain('.github/workflows/b.yml:2:7');
    expect((await graph('none.yml')).err).toContain('error[cli/unreadable-file]: none.yml cannot be read');
  });

  test('without workflows there is nothing to draw', async () => {
    expect(await graph()).toEqual({ code: 0, out: 'there are no workflows here to draw\n', err: '' });
  });
});
