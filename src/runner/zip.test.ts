import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { unpackZip, writeZip } from './zip.ts';

/** Writes and reads zips apart from the code under test. */
const noPython = spawnSync('python3', ['-c', 'import zipfile']).status !== 0;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-zip-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A zip written by Python, which takes any name and any mode. */
function pythonZip(program: string): string {
  const path = join(folder, 'other.zip');
  execFileSync('python3', [
    '-c',
    `import zipfile\nz = zipfile.ZipFile(${JSON.stringify(path)}, "w")\n${program}`,
  ]);
  return path;
}

async function ownZip(): Promise<string> {
  const [a, b] = [join(folder, 'a'), join(folder, 'b')];
  writeFileSync(a, 'x'.repeat(100_000));
  writeFileSync(b, '');
  const path = join(folder, 'own.zip');
  await writeZip(path, [
    { file: a, path: 'deep/größe.txt', executable: true },
    { file: b, path: 'empty', executable: false },
  ]);
  return path;
}

describe('a written archive', () => {
  test.skipIf(noPython)('is read by others (python3)', async () => {
    const list = execFileSync('python3', [
      '-c',
      'import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1])\nprint(z.testzip(), [(i.filename, i.file_size, oct(i.external_attr >> 16)) for i in z.infolist()])',
      await ownZip(),
    ]);
    expect(list.toString().trim()).toBe(
      "None [('deep/größe.txt', 100000, '0o100755'), ('empty', 0, '0o100644')]",
    );
  });

  test('comes back as it was, modes included', async () => {
    await unpackZip(await ownZip(), join(folder, 'out'));
    expect(readFileSync(join(folder, 'out/deep/größe.txt'), 'utf8')).toBe('x'.repeat(100_000));
    expect(statSync(join(folder, 'out/deep/größe.txt')).mode & 0o111).not.toBe(0);
    expect(statSync(join(folder, 'out/empty')).size).toBe(0);
  });

  test('is the same for the same files', async () => {
    const first = readFileSync(await ownZip());
    rmSync(join(folder, 'own.zip'));
    expect(readFileSync(await ownZip()).equals(first)).toBe(true);
  });
});

describe('an archive of others', () => {
  test.skipIf(noPython)('is unpacked when it is compressed (python3)', async () => {
    const path = pythonZip('z.writestr("a/b.txt", "hello" * 1000, zipfile.ZIP_DEFLATED)\nz.close()');
    await unpackZip(path, join(folder, 'out'));
    expect(readFileSync(join(folder, 'out/a/b.txt'), 'utf8')).toBe('hello'.repeat(1000));
  });

  test.skipIf(noPython).each(['../out.txt', '/etc/out.txt', 'a/../../out.txt'])(
    'is refused when it holds %s (python3)',
    async (name) => {
      const path = pythonZip(`z.writestr(zipfile.ZipInfo(${JSON.stringify(name)}), "x")\nz.close()`);
      await expect(unpackZip(path, join(folder, 'out'))).rejects.toThrow('cannot be unpacked');
    },
  );

  test.skipIf(noPython)('brings a link as a file, which points nowhere (python3)', async () => {
    const path = pythonZip(
      'i = zipfile.ZipInfo("link")\ni.external_attr = 0o120777 << 16\nz.writestr(i, "/etc")\nz.writestr("link/x", "y")\nz.close()',
    );
    await expect(unpackZip(path, join(folder, 'out'))).rejects.toThrow('cannot be unpacked');
    expect(readFileSync(join(folder, 'out/link'), 'utf8')).toBe('/etc');
  });

  test('is refused when a byte of it is wrong, or the end is missing', async () => {
    const bytes = readFileSync(await ownZip());
    const wrong = Buffer.from(bytes);
    wrong[500] = 'y'.charCodeAt(0);
    writeFileSync(join(folder, 'wrong.zip'), wrong);
    await expect(unpackZip(join(folder, 'wrong.zip'), join(folder, 'out'))).rejects.toThrow('wrong checksum');
    writeFileSync(join(folder, 'short.zip'), bytes.subarray(0, -30));
    await expect(unpackZip(join(folder, 'short.zip'), join(folder, 'out2'))).rejects.toThrow(
      'cannot be unpacked',
    );
    mkdirSync(join(folder, 'empty'));
    writeFileSync(join(folder, 'none.zip'), '');
    await expect(unpackZip(join(folder, 'none.zip'), join(folder, 'out3'))).rejects.toThrow(
      'cannot be unpacked',
    );
  });
});
