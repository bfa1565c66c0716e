import { createHash, createHmac } from 'node:crypto';

/**
 * Makes signatures of answers, by which other libraries know that an item comes from this one: `<key's id>=<HMAC>`.
 * The id tells keys apart when a new one is rolled out; it says nothing about the key.
 */
export function createSigner(key: string): (body: string | Buffer) => string {
  const id = createHash('sha256').update(key).digest('hex').slice(0, 8);
  return (body) => `${id}=${createHmac('sha256', key).update(body).digest('base64url')}`;
}
