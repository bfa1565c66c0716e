import { afterAll, beforeAll, test } from 'vitest';
import { expectText } from './expect-text.ts';
import { setStage, type Stage } from './stage.ts';

let stage: Stage;

beforeAll(() => {
  stage = setStage();
});

afterAll(() => stage.close());

test.each([
  ['unknown-command', ['shp']],
  ['unknown-flag', ['ship', '--alow-dirty']],
  ['bad-http', ['up', '--http', 'localhost']],
  ['bad-http-port', ['up', '--http', '127.0.0.1:99999']],
  ['bad-job-env', ['up', '--job-env', 'PROXY']],
  ['bad-secret', ['run', '--secret', 'MY-KEY=hunter2']],
  ['bad-count', ['logs', '-n', 'many']],
  ['missing-argument', ['secrets', 'set', '-e', 'production']],
  ['missing-value', ['rollback', '--to']],
  ['too-many-arguments', ['status', 'production']],
  ['no-environment-named', ['secrets', 'set', 'TOKEN']],
])('%s', async (name, words) => {
  await expectText(name, await stage.run(words), 2);
});
