import { chmod, lstat, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Caller, Person } from '../access/index.ts';
import { entranceOf } from './door-place.ts';
import { Doors } from './doors.ts';

let home: string;
let folder: string;
let callers: Caller[];
let doors: Doors;

beforeEach(async () => {
  const root = await mkdtemp(join(tmpdir(), 'slipway-doors-'));
  home = join(root, 'home');
  folder = `${home}.doors`;
  callers = [];
  doors = new Doors({
    folder,
    answer: (asked, response) => void (asked.url === '/long' ? response.write('…') : response.end()),
    greet: (_socket, caller) => callers.push(caller),
  });
  await mkdir(home, { mode: 0o700 });
});

afterEach(async () => {
  await doors.close();
  await rm(join(home, '..'), { recursive: true, force: true });
});

const byKey = (name: string): Person => ({ name, uid: null, grants: [] });
const modeOf = async (path: string) => ((await lstat(path)).mode & 0o777).toString(8);

/** Connects, and says how the answer ended. */
function knock(person: string, path = '/'): Promise<'answered' | 'broken'> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: join(folder, person), path, agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve('answered')).on('error', () => resolve('broken'));
    });
    asked.on('error', reject).end();
  });
}

test('each person has a socket of mode 0600, in a directory that others may neither list nor write', async () => {
  await doors.match([byKey('ana'), byKey('lena')]);
  expect(await readdir(folder)).toEqual(['ana', 'lena']);
  expect([await modeOf(folder), await modeOf(join(folder, 'ana'))]).toEqual(['711', '600']);
  await knock('lena');
  expect(callers.map(({ name, isOwner }) => ({ name, isOwner }))).toEqual([{ name: 'lena', isOwner: false }]);
});

test('nobody let in means no directory at all', async () => {
  await doors.match([]);
  await expect(lstat(folder)).rejects.toThrow('ENOENT');
});

test('whoever is taken away is out, with what still came through the door; the others notice nothing', async () => {
  await doors.match([byKey('ana'), byKey('lena')]);
  const [anas, lenas] = [knock('ana', '/long'), knock('lena', '/long')];
  await expect.poll(() => callers.length, { timeout: 30_000 }).toBe(2);
  await doors.match([byKey('lena')]);
  expect(await anas.catch(() => 'broken')).toBe('broken');
  expect(await readdir(folder)).toEqual(['lena']);
  const ended = lenas.catch(() => 'broken');
  expect(await Promise.race([ended, knock('lena').then(() => 'goes on')])).toBe('goes on');
  await doors.close();
  expect(await ended).toBe('broken');
});

test('what a killed server left is taken away or replaced, and nothing of anybody else', async () => {
  await mkdir(folder);
  const left: Server[] = [];
  for (const name of ['ana', 'gone']) left.push(createServer().listen(join(folder, name)));
  await Promise.all(left.map((server) => new Promise((resolve) => server.once('listening', resolve))));
  await mkdir(join(folder, '.making-x1'));
  await writeFile(join(folder, 'notes'), 'mine');
  await doors.match([byKey('ana')]);
  expect(await readdir(folder)).toEqual(['ana', 'notes']);
  expect(await knock('ana')).toBe('answered');
  for (const server of left) server.close();
});

test('a link in the place of the directory is not followed', async () => {
  const elsewhere = join(home, 'elsewhere');
  await mkdir(elsewhere, { mode: 0o700 });
  await symlink(elsewhere, folder);
  await expect(doors.match([byKey('ana')])).rejects.toMatchObject({ code: 'server/no-doors' });
  expect(await modeOf(elsewhere)).toBe('700');
  expect(doors.warnings).toEqual([expect.stringContaining('people stay outside') as string]);
});

test('a user whose uid is another one today stays outside, and says so', async () => {
  await doors.match([{ name: 'root', uid: 4_000_000, grants: [] }]);
  expect(await readdir(folder)).toEqual([]);
  expect(doors.warnings).toEqual([
    'root was uid 4000000 when let in and is now uid 0, so stays outside; slipway access revoke root, or grant it anew',
  ]);
});

test('the owner has the socket of the server, and a directory that others may write is no way in', async () => {
  expect(entranceOf(home)).toEqual({ socket: join(home, 'server.sock'), person: null });
  expect(entranceOf(home, 'ana')).toEqual({ socket: join(folder, 'ana'), person: 'ana' });
  await mkdir(folder);
  await chmod(folder, 0o777);
  expect(() => entranceOf(home, 'ana')).toThrow('was not made by the owner');
  expect(() => entranceOf(home, '../home/server.sock')).toThrow('cannot be the name of a person');
});
