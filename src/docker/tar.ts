/** A file or folder of an archive. */
export interface TarEntry {
  /** Relative, without `..`; a folder ends with `/`. At most 255 bytes, the last part at most 100. */
  path: string;
  content: Buffer;
  mode: number;
  uid: number;
  gid: number;
}

const blockBytes = 512;

/** Writes a small archive in memory, as `ustar` has it. @see POSIX.1-1988, pax: "ustar Interchange Format" */
export function writeTar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => [header(entry), entry.content, padding(entry.content.length)]);
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]);
}

function padding(sizeBytes: number): Buffer {
  return Buffer.alloc((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
}

function header({ path, content, mode, uid, gid }: TarEntry): Buffer {
  const block = Buffer.alloc(blockBytes);
  const { name, prefix } = splitPath(path);
  block.write(name, 0, 100);
  block.write(octal(mode, 7), 100);
  block.write(octal(uid, 7), 108);
  block.write(octal(gid, 7), 116);
  block.write(octal(content.length, 11), 124);
  block.write(octal(0, 11), 136);
  block.write(' '.repeat(8), 148);
  block.write(path.endsWith('/') ? '5' : '0', 156);
  block.write('ustar\u{0}00', 257);
  block.write(prefix, 345, 155);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\u{0} `, 148);
  return block;
}

function octal(value: number, digits: number): string {
  const text = value.toString(8);
  if (text.length > digits) throw new RangeError(`${value} does not fit into ${digits} octal digits`);
  return text.padStart(digits, '0');
}

function splitPath(path: string): { name: string; prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: '' };
  for (let cut = path.indexOf('/'); cut !== -1; cut = path.indexOf('/', cut + 1)) {
    const prefix = path.slice(0, cut);
    const name = path.slice(cut + 1);
    if (name !== '' && Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155)
      return { name, prefix };
  }
  throw new RangeError(`"${path}" is too long for an archive`);
}
