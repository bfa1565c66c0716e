import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readTar, type TarMember, type TarPiece } from './read-tar.ts';

const longName = `${'folder/'.repeat(30)}${'n'.repeat(120)}`;

/** An archive as tar writes it: an empty file, long ones, long names, a link. */
function archive(format: 'ustar' | 'pax' | 'gnu'): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-tar-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'empty'), '');
  writeFileSync(join(folder, 'full'), 'x'.repeat(1024));
  writeFileSync(join(folder, 'odd'), 'y'.repeat(70_001));
  symlinkSync('../odd', join(folder, 'link'));
  if (format !== 'ustar') {
    mkdirSync(join(folder, longName, '..'), { recursive: true });
    writeFileSync(join(folder, longName), 'far');
    symlinkSync(`../${longName}`, join(folder, 'z'));
  }
  return execFileSync('tar', ['-C', folder, `--format=${format}`, '--sort=name', '-cf', '-', '.']);
}

async function* inChunks(bytes: Buffer, chunkBytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

async function read(chunks: AsyncIterable<Buffer>) {
  const members = new Map<TarMember, number>();
  const passed: Buffer[] = [];
  for await (const { member, isContent, bytes } of readTar(chunks)) {
    passed.push(bytes);
    if (member) members.set(member, (members.get(member) ?? 0) + (isContent ? bytes.length : 0));
  }
  for (const [member, contentBytes] of members)
    expect([member.path, contentBytes]).toEqual([member.path, member.sizeBytes]);
  const files = [...members.keys()].filter(({ sizeBytes, linkTo }) => sizeBytes > 0 || linkTo !== null);
  return {
    passed: Buffer.concat(passed),
    told: files.map(({ path, sizeBytes, linkTo }) => [path, sizeBytes, linkTo]),
  };
}

const plain = [
  ['full', 1024, null],
  ['link', 0, '../odd'],
  ['odd', 70_001, null],
];
const long = [[longName, 3, null], ...plain, ['z', 0, `../${longName}`]];

test.each([
  ['ustar', plain],
  ['pax', long],
  ['gnu', long],
] as const)(
  '%s: the members are told, and the pieces are the archive, however its bytes come',
  async (format, members) => {
    const bytes = archive(format);
    for (const chunkBytes of [7, 512, 65_536, bytes.length]) {
      const { passed, told } = await read(inChunks(bytes, chunkBytes));
      expect(passed.equals(bytes)).toBe(true);
      expect(told).toEqual(members);
    }
  },
);

test('one that ends too soon, wherever, is an error, and so is what is no archive', async () => {
  const bytes = archive('pax');
  const end = bytes.lastIndexOf('y');
  for (let at = 0; at < end; at += 1999)
    await expect(read(inChunks(bytes.subarray(0, at), 4096)), String(at)).rejects.toMatchObject({
      code: 'docker/engine-failed',
      message: 'the archive of images is broken: it ends too soon',
    });
  await expect(read(inChunks(Buffer.from('{"message":"no"}'.repeat(99)), 4096))).rejects.toThrow(
    'it is no tar',
  );
});

test('what it comes from is let go when nobody reads on', async () => {
  let isLeft = false;
  const source = async function* () {
    try {
      yield* inChunks(archive('gnu'), 1000);
    } finally {
      isLeft = true;
    }
  };
  for await (const { member } of readTar(source())) if (member?.path === 'full') break;
  expect(isLeft).toBe(true);
});

test('sizes beyond octal digits are read: as pax writes them, and as GNU does', async () => {
  const huge = 9 * 1024 ** 3;
  const folder = mkdtempSync(join(tmpdir(), 'slipway-tar-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'huge'), '');
  truncateSync(join(folder, 'huge'), huge);
  for (const format of ['pax', 'gnu']) {
    const script = `tar -C ${folder} --format=${format} -cf - huge | head -c 4096`;
    const start = execFileSync('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    const first = await readTar(inChunks(start, 4096)).next();
    expect((first.value as TarPiece).member).toEqual({ path: 'huge', sizeBytes: huge, linkTo: null });
  }
});
