import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemdUnits } from './systemd-units.ts';
import { runInWorld } from './testing/world.ts';

const facts = {
  forRoot: true,
  nodePath: '/opt/node/bin/node',
  slipwayJs: '/opt/slipway/bin/slipway.js',
  supervisorMain: '/opt/slipway/dist/supervisor/main.js',
  home: '/var/lib/slipway',
  listen: '0.0.0.0:80',
  path: '/usr/bin:/bin',
};

test('a stop of the server ends no app, and both units come back whatever ended them', () => {
  expect(systemdUnits(facts)).toEqual({
    'slipway-supervisor.service': `[Unit]
Description=Slipway supervisor: keeps apps and router alive
After=network.target
StartLimitIntervalSec=0

[Service]
Type=simple
ExecStart=/opt/node/bin/node --max-semi-space-size=1 /opt/slipway/dist/supervisor/main.js --home /var/lib/slipway
Environment=PATH=/usr/bin:/bin
Restart=always
RestartSec=2
KillMode=process
OOMPolicy=continue
TasksMax=infinity
UMask=0077

[Install]
WantedBy=multi-user.target
`,
    'slipway.service': `[Unit]
Description=Slipway server: runs workflows and rollouts
After=network.target slipway-supervisor.service
Wants=slipway-supervisor.service
StartLimitIntervalSec=0

[Service]
Type=simple
ExecStart=/opt/node/bin/node --max-semi-space-size=1 /opt/slipway/bin/slipway.js up --foreground --home /var/lib/slipway --http 0.0.0.0:80
Environment=PATH=/usr/bin:/bin
Restart=always
RestartSec=2
KillMode=process
OOMPolicy=continue
TasksMax=infinity
UMask=0077

[Install]
WantedBy=multi-user.target
`,
  });
});

test('words with spaces, quotes and what systemd would replace stay one word each', () => {
  const units = systemdUnits({ ...facts, forRoot: false, home: '/home/a b/100%/$x"' });
  expect(units['slipway.service']).toContain(String.raw`--home "/home/a b/100%%/$$x\"" --http`);
  expect(units['slipway.service']).toContain('WantedBy=default.target');
});

test('install --print shows the units and writes nothing', async () => {
  const { code, out } = await runInWorld(['install', '--print'], '/h', { env: { HOME: '/nowhere' } });
  expect(code).toBe(0);
  expect(out).toContain('# /nowhere/.config/systemd/user/slipway-supervisor.service\n[Unit]');
  expect(out).toContain('KillMode=process');
  expect(out).toContain('# /nowhere/.local/bin/slipway\n#!/bin/sh');
});

test('install puts the command where ssh finds it, and again over its own, but not over one of npm', async () => {
  const home = await mkdtemp(join(tmpdir(), 'slipway-install-'));
  const file = join(home, '.local/bin/slipway');
  const install = () => runInWorld(['install'], '/h', { env: { HOME: home } });
  expect((await install()).out).toContain(`wrote ${file}`);
  const text = await readFile(file, 'utf8');
  expect(text).toMatch(/\nexec '.*' '.*\/bin\/slipway.js' "\$@"\n$/);
  expect((await stat(file)).mode & 0o777).toBe(0o755);
  await writeFile(file, text.replace('exec', 'exec older'));
  expect((await install()).out).toContain(`wrote ${file}`);
  expect(await readFile(file, 'utf8')).toBe(text);
  await writeFile(file, '#!/usr/bin/env node\n');
  expect((await install()).out).not.toContain(file);
  expect(await readFile(file, 'utf8')).toBe('#!/usr/bin/env node\n');
  await rm(home, { recursive: true });
});

test('units that cannot be written say what to do instead', async () => {
  const { code, err } = await runInWorld(['install'], '/h', { env: { HOME: '/dev/null' } });
  expect(code).toBe(2);
  expect(err).toContain('error[cli/unit-not-written]');
  expect(err).toContain('slipway install --print');
});
