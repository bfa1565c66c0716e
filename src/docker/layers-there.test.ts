import { expect, test } from 'vitest';
import { CodedError } from '../diagnostics/index.ts';
import type { EngineCalls, EngineRequest } from './call.ts';
import { layersThere } from './layers-there.ts';

const classic = [['Backing Filesystem', 'extfs']];

/** An engine with images, each with its layers; null for one that goes away after it was listed. */
function engine(images: (string[] | null)[], driverStatus: string[][] | null = classic): EngineCalls {
  const answers = (path: string): unknown => {
    if (path === '/info') return { DriverStatus: driverStatus };
    if (path === '/images/json') return images.map((_, index) => ({ Id: `i${index}`, Created: index }));
    const Layers = images[Number(/\d+/.exec(path)?.[0])];
    if (!Layers) throw new CodedError('docker/not-found', `no such image: ${path}`);
    return { RootFS: { Layers } };
  };
  const ask = async <T>({ path }: EngineRequest) => answers(path) as T;
  return { ask } as EngineCalls;
}

test('the lowest layers that some image has are there, whatever is above them', async () => {
  const there = engine([['a', 'b', 'c'], ['a', 'x'], null, ['d', 'b']]);
  expect(
    await layersThere(there, [['a', 'b', 'z'], ['a', 'x'], ['b', 'c'], ['a', 'b', 'c', 'd'], []]),
  ).toEqual([2, 2, 0, 3, 0]);
});

test('an engine without images has nothing, and one without a list of its driver may have', async () => {
  expect(await layersThere(engine([]), [['a']])).toEqual([0]);
  expect(await layersThere(engine([['a']], null), [['a']])).toEqual([1]);
});

test("an engine with containerd's store is sent everything", async () => {
  const there = engine([['a', 'b']], [['driver-type', 'io.containerd.snapshotter.v1']]);
  expect(await layersThere(there, [['a', 'b']])).toEqual([0]);
});

test('of many images the newest are looked at', async () => {
  const many = Array.from({ length: 150 }, (_, index) => [`l${index}`]);
  expect(await layersThere(engine(many), [['l149'], ['l50'], ['l49']])).toEqual([1, 1, 0]);
});
