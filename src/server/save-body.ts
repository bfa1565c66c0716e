import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';

/**
 * Writes the body of a request to a new file, open to its owner alone.
 *
 * Where that fails, as on a full disk, the rest of the body is left to be read: a body that is destroyed takes its
 * connection with it, and nobody would hear why.
 */
export async function saveBody(body: Readable, file: string): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false }))
      await handle.appendFile(chunk as Buffer);
  } finally {
    await handle.close();
  }
}
