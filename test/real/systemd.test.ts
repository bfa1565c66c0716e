import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSupervisorClient } from '../../src/supervisor/index.ts';
import { isRunning, processesOf, signal, until } from '../rig/index.ts';
import { asUser, canPlayOthers, nobody } from './support/another-user.ts';
import { lacks } from './support/component.ts';
import { bin, setUpTrial, startCommand, sweep, type Command, type Trial } from './support/trial.ts';

const analyze = {
  name: 'systemd-analyze',
  file: '/usr/bin/systemd-analyze',
  install: 'apt-get install systemd',
};

let trial: Trial;

beforeEach(async () => {
  trial = await setUpTrial();
});

describe.skipIf(lacks(analyze))(`units of systemd (no systemd-analyze? ${analyze.install})`, () => {
  afterEach(() => sweep(trial.root));

  it.each(canPlayOthers() ? ['root', 'an ordinary user'] : ['whoever runs this'])(
    'are what systemd understands, for %s',
    async (who) => {
      const units = await printUnits(trial, { asOther: who === 'an ordinary user' });
      const isRoot = process.getuid?.() === 0 && who !== 'an ordinary user';
      const folder = join(trial.root, 'units');
      mkdirSync(folder);
      const files = units.map(({ file, text }) => {
        writeFileSync(join(folder, basename(file)), text);
        return join(folder, basename(file));
      });
      expect(units.map(({ file }) => basename(file))).toEqual([
        'slipway-supervisor.service',
        'slipway.service',
      ]);
      expect(units.every(({ file }) => file.startsWith('/etc/systemd/system') === isRoot)).toBe(true);
      const said = execFileSync(analyze.file, ['verify', '--man=no', '--recursive-errors=no', ...files], {
        encoding: 'utf8',
        env: { PATH: '/usr/bin:/bin', SYSTEMD_UNIT_PATH: `${folder}:` },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      expect(said).toBe('');
      for (const { text } of units)
        // The program, and what it runs; between them stand flags of Node's own.
        for (const word of commandOf(text)
          .filter((one) => !one.startsWith('-'))
          .slice(0, 2))
          expect(existsSync(word), word).toBe(true);
    },
  );
});

describe('what the units start', () => {
  const services: Command[] = [];

  afterEach(async () => {
    await trial.slipway(['down', '--all']).catch(() => {});
    for (const { child } of services) signal(child.pid, 'SIGKILL');
    await sweep(trial.root);
  });

  /** As systemd does for a system's unit: a session of its own, and no environment but that of the unit. */
  function startService(text: string): Command {
    const [, path = ''] = /^Environment=PATH=(.*)$/m.exec(text) ?? [];
    const service = startCommand(commandOf(text), {
      cwd: '/',
      env: { LANG: 'C.UTF-8', PATH: path },
      detached: true,
    });
    services.push(service);
    return service;
  }

  it('ships, and neither a group kill of the server nor a new supervisor ends an app', async () => {
    const [supervisorUnit, serverUnit] = await printUnits(trial, { asOther: false });
    const supervisor = startService(supervisorUnit?.text ?? '');
    await until('the supervisor answers', () =>
      createSupervisorClient(trial.home)
        .health()
        .then(() => true)
        .catch(() => false),
    );
    const server = startService(serverUnit?.text ?? '');
    await until(
      'the server answers',
      async () => (await trial.start(['status']).ended).exitCode === 0,
      server.text,
    );
    trial.addGate();
    trial.openGate();
    trial.repository.commit('one');
    await trial.slipway(['ship']);
    expect(await trial.version()).toBe('one');
    expect(await createSupervisorClient(trial.home).health()).toMatchObject({ pid: supervisor.child.pid });

    const others = () =>
      processesOf(trial.home)
        .map(({ pid }) => pid)
        .filter((pid) => pid !== server.child.pid && pid !== supervisor.child.pid)
        .toSorted((a, b) => a - b);
    const before = others();
    expect(before.length).toBeGreaterThanOrEqual(4);
    process.kill(-server.child.pid, 'SIGKILL');
    await server.ended;
    expect(await trial.version()).toBe('one');
    expect(others()).toEqual(before);
    expect(isRunning(supervisor.child.pid)).toBe(true);

    // What Restart=always does, and KillMode=process of a "systemctl restart slipway-supervisor".
    const next = startService(serverUnit?.text ?? '');
    supervisor.child.kill('SIGTERM');
    await supervisor.ended;
    expect(await trial.version()).toBe('one');
    await until(
      'the next server answers',
      async () => (await trial.start(['status']).ended).exitCode === 0,
      next.text,
    );
    trial.repository.commit('two');
    await trial.slipway(['ship']);
    expect(await trial.version()).toBe('two');
    next.child.kill('SIGTERM');
    expect((await next.ended).exitCode).toBe(0);
    expect(await trial.version()).toBe('two');
  });
});

interface Unit {
  file: string;
  text: string;
}

async function printUnits(trial: Trial, { asOther }: { asOther: boolean }): Promise<Unit[]> {
  const words = [process.execPath, bin, 'install', '--print', '--json'];
  const command = asOther ? [...asUser(nobody), ...words] : words;
  const printed = (await startCommand(command, { cwd: '/', env: trial.env }).ended).text;
  return printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Unit)
    .filter(({ file }) => file.endsWith('.service'));
}

/** Words of these units are quoted only where paths hold blanks, which the ones of tests do not. */
function commandOf(text: string): string[] {
  return /^ExecStart=(.*)$/m.exec(text)?.[1]?.split(' ') ?? [];
}
