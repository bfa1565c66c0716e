import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { dockerInstall, lacksDocker, sharedDockerd } from '../docker/index.ts';

/* The demo's act on Docker as a user plays it, on an engine of the rig that has the base images under their own names. */

interface Report {
  kept: boolean;
  docker: {
    acts: { name: string; became: string; requests: { answered: number; failed: number } | null }[];
    promises: { text: string; kept: boolean; because: string[] }[];
  };
}

const numbers = /\d+/g;

async function startDemo(...args: string[]) {
  const url = await sharedDockerd();
  const main = resolve('scripts/demo/main.ts');
  const env = { ...process.env, DOCKER_HOST: url };
  const child = spawn(process.execPath, [main, '--only', 'docker', ...args], { env });
  onTestFinished(() => void child.kill('SIGTERM'));
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  const ended = new Promise<number | null>((done) => child.once('close', done));
  return { child, ended, text: () => text, docker: (...words: string[]) => ask(url, words) };
}

function ask(url: string, words: string[]): Promise<string> {
  const child = spawn('docker', ['-H', url, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  return new Promise((done) => child.once('close', () => done(text.trim())));
}

async function leftBy(docker: (...words: string[]) => Promise<string>): Promise<string> {
  const texts = [
    await docker('ps', '-aq', '--filter', 'name=slipway-medianest-'),
    await docker('network', 'ls', '-q', '--filter', 'name=slipway-medianest-'),
    await docker('volume', 'ls', '-q', '--filter', 'name=slipway-medianest-'),
    await docker('image', 'ls', '-q', '--filter', 'reference=slipway/medianest-*'),
  ];
  return texts.join('');
}

describe.skipIf(lacksDocker())(`the demo's act on Docker (missing? ${dockerInstall})`, () => {
  it('goes as told, keeps every promise, and leaves the engine as it was', { timeout: 900_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'demo-docker-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'report.json');
    const demo = await startDemo('--json', file);
    const exitCode = await demo.ended;
    const { kept, docker } = JSON.parse(readFileSync(file, 'utf8')) as Report;
    expect(docker.promises.flatMap(({ kept, text, because }) => (kept ? [] : [text, ...because]))).toEqual(
      [],
    );
    expect(docker.acts.map(({ name, became }) => `${name}: ${became}`)).toEqual([
      'v1: live',
      'v2: live',
      'v5: stopped in production',
      'back to v1: live',
      'v6: stopped in production',
    ]);
    expect(docker.promises.map(({ text }) => text.replaceAll(numbers, '#'))).toContain(
      'not one request failed but # that v# answered itself before it was taken back',
    );
    expect([kept, exitCode], demo.text()).toEqual([true, 0]);
    expect(demo.text()).toMatch(/production: 30 % of users are on r2, the others on r1/);
    expect(await leftBy(demo.docker)).toBe('');
  });

  it('leaves nothing on the engine after Ctrl-C in its middle', { timeout: 600_000 }, async () => {
    const demo = await startDemo();
    await expect
      .poll(() => demo.text(), { timeout: 400_000, interval: 100 })
      .toMatch(/production: r1 starts|The whole demo took/);
    expect(await leftBy(demo.docker)).not.toBe('');
    demo.child.kill('SIGINT');
    expect(await demo.ended, demo.text()).toBe(130);
    expect(demo.text()).not.toContain('had to be killed');
    expect(await leftBy(demo.docker)).toBe('');
  });
});
