/** 32-bit FNV-1a of what tells sessions apart: the cookie's session id, else client address and user agent. */
export function sessionHash(first: string, second = ''): number {
  let hash = hashStart;
  for (let index = 0; index < first.length; index++) hash = hashByte(hash, first.charCodeAt(index));
  hash = hashByte(hash, hashBetween);
  for (let index = 0; index < second.length; index++) hash = hashByte(hash, second.charCodeAt(index));
  return hash >>> 0;
}

/** For those who have the bytes already: the hash of nothing, what stands between the two texts, and a hash with one byte more. */
export const hashStart = 0x811c9dc5;
export const hashBetween = 0xff;

export function hashByte(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}
