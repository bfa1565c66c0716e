import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { essenceOfDocker, essenceOfSlipway, type Essence } from '../compose/essence.ts';
import { loadText, projectsFolder, projectTexts, type ProjectText } from '../compose/project-text.ts';

const installer = join(import.meta.dirname, '../docker/install-compose.sh');
const program = installed();

/** Path of `docker compose` 2.26.1; null where it cannot be had, which in CI is a failure. */
function installed(): string | null {
  try {
    return execFileSync('sh', [installer], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  } catch (error) {
    if (process.env['CI']) throw error;
    return null;
  }
}

function config({ files, settings }: ProjectText): { ok: boolean; out: string; error: string; root: string } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'slipway-compose-')));
  try {
    for (const [path, text] of files) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    const chosen = (settings.files ?? []).flatMap((file) => ['-f', file]);
    const profiles = settings.profiles.flatMap((profile) => ['--profile', profile]);
    const run = spawnSync(program ?? '', [...chosen, ...profiles, 'config', '--format', 'json'], {
      cwd: root,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: root, ...settings.env },
    });
    return { ok: run.status === 0, out: run.stdout, error: run.stderr, root };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** What Slipway refuses and Docker Compose takes; the expectation of the text says why. */
const refusedHere = ['media-behind-vpn', 'php-volumes-from', 'static-addresses', 'windows-service'];

/** What Docker Compose 2.26.1 refuses because it does not know it yet. */
const newerThanDocker: Record<string, string> = { hooks: 'pre_start came with Compose 5.3' };

/** Where the two differ on purpose, by place; null where there is nothing. */
const differences: Record<string, { why: string; places: Record<string, unknown> }> = {
  profiles: {
    why: 'an optional dependency on a service of an inactive profile is dropped, since nothing waits for it',
    places: { 'services.web.depends_on.debugger': null },
  },
  'three-files': {
    why: 'the specification merges secrets by target; 2.26.1 takes "a" and "/run/secrets/a" for two',
    places: { 'services.api.secrets': [{ source: 'a', target: 'a', mode: 0o400 }] },
  },
};

function changed(essence: Essence, places: Record<string, unknown>): Essence {
  for (const [place, value] of Object.entries(places)) {
    const keys = place.split('.');
    const last = keys.pop() ?? '';
    let inner = essence as unknown as Record<string, Record<string, unknown>>;
    for (const key of keys) inner = inner[key] as typeof inner;
    if (value === null) delete inner[last];
    else inner[last] = value as Record<string, unknown>;
  }
  return essence;
}

describe.skipIf(program === null)(
  'Compose files mean what `docker compose config` says (sh test/docker/install-compose.sh must work)',
  () => {
    const texts = projectTexts(projectsFolder);

    test.each(texts.map((text) => [text.name, text] as const))('%s', (name, text) => {
      const ours = loadText(text);
      const theirs = config(text);
      expect(theirs.ok, theirs.error).toBe(
        (ours.ok || refusedHere.includes(name)) && !(name in newerThanDocker),
      );
      if (!ours.ok || !theirs.ok) return;
      const docker = essenceOfDocker(JSON.parse(theirs.out) as Record<string, unknown>, theirs.root);
      const expected = changed(docker, differences[name]?.places ?? {});
      const slipway = essenceOfSlipway(ours.value);
      // Docker makes a name of the folder's where the file gives none.
      expect({ ...slipway, name: slipway.name ?? expected.name }).toEqual(expected);
    });
  },
);
