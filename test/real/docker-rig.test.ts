import { execFileSync } from 'node:child_process';
import { describe, expect, it, onTestFinished } from 'vitest';
import { dockerInstall, lacksDocker, sharedDockerd, startDockerd } from '../docker/index.ts';

describe.skipIf(lacksDocker())(`engines of the rig (missing? ${dockerInstall})`, () => {
  it('two engines run side by side, and one that was killed comes back and leaves nothing', async () => {
    const docker = (url: string, ...words: string[]) =>
      execFileSync('/usr/bin/docker', ['-H', url, ...words], { encoding: 'utf8' });
    const shared = await sharedDockerd();
    expect(docker(shared, 'image', 'ls', '--format', '{{.Repository}}:{{.Tag}}').trim().split('\n')).toEqual(
      expect.arrayContaining(['slipway-test/node:latest', 'postgres:15', 'redis:7']),
    );
    const own = await startDockerd();
    onTestFinished(() => own.stop());
    own.docker('network', 'create', 'one');
    const bridge = `br-${own.docker('network', 'inspect', '-f', '{{.Id}}', 'one').slice(0, 12)}`;
    await own.pause('SIGKILL');
    expect(() => docker(own.url, 'version')).toThrow('Cannot connect');
    await own.resume();
    expect(own.docker('network', 'ls', '--format', '{{.Name}}')).toContain('one');
    await own.stop();
    const links = execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' });
    expect(links).not.toContain(bridge);
    expect(docker(shared, 'version')).toContain('Server');
  });
});
