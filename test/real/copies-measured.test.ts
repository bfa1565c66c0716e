import { describe, expect, it } from 'vitest';
import { copyUse } from '../../src/wiring/machines/copy-use.ts';
import { countLines } from '../../src/wiring/machines/count-lines.ts';
import { dockerInstall, lacksDocker } from '../docker/index.ts';
import { serviceOf, targetForEach, type TargetRig } from '../docker/target-rig.ts';

const heldBytes = 150 * 2 ** 20;
/** Holds memory, says a line for each signal, and works for a while then. */
const script = `
  const held = Buffer.alloc(${heldBytes}, 1);
  let turn = 0;
  process.on('SIGUSR2', () => {
    const until = process.cpuUsage().user + 400_000;
    while (process.cpuUsage().user < until) held.fill(turn & 255, 0, 65_536);
    console.log(turn++ === 1 ? 'fine' : 'an ERROR');
  });
  process.on('SIGTERM', () => process.exit(0));
  setInterval(() => {}, 1e6);
  console.log('ERROR at the start');`;

describe.skipIf(lacksDocker())(`containers are measured (missing? ${dockerInstall})`, () => {
  let rig: TargetRig;
  targetForEach((opened) => (rig = opened));

  it('by what they hold, what they work, and what they say', async () => {
    const service = serviceOf('web', { command: ['node', '-e', script] });
    await rig.target.start(await rig.copy(service), 1);
    await rig.seen('r1-web-1', ({ phase }) => phase === 'running');
    const parts = { supervisor: rig.supervisor, docker: { engine: rig.engine, homeId: rig.homeId } };
    const use = async () => (await copyUse(rig.scope, ['r1-web-1', 'r1-web-2'], parts))[0];
    const count = async (after: string | null) => {
      const asked = { pattern: 'ERROR', copies: [{ id: 'r1-web-1', after }] };
      return (await countLines(rig.scope, asked, parts))[0];
    };
    await expect.poll(async () => (await count(''))?.matches, { timeout: 60_000 }).toBe(1);
    const begun = await use();
    expect(begun?.memoryBytes).toBeGreaterThan(heldBytes);
    expect(begun?.memoryBytes).toBeLessThan(heldBytes * 2);
    const place = (await count(null))?.upTo ?? '';
    expect(place).not.toBe('');
    for (let turn = 1; turn <= 3; turn++) {
      const name = (await rig.engine.containers.list({ 'slipway.scope': rig.scope }))[0]?.Id ?? '';
      await rig.engine.containers.kill(name, 'SIGUSR2');
      await expect
        .poll(async () => rig.target.readLog(rig.scope, 'r1-web-1', 10), { timeout: 60_000 })
        .toHaveLength(turn + 1);
    }
    expect((await count(place))?.matches).toBe(2);
    const worked = await use();
    expect(worked?.start).toBe(begun?.start);
    const cpuMs = (worked?.cpuMs ?? 0) - (begun?.cpuMs ?? 0);
    expect(cpuMs).toBeGreaterThan(1_000);
    expect(cpuMs).toBeLessThan(60_000);
  });
});
