import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { patternAt } from '../app/pattern.ts';
import type { Tally } from './tally.ts';

/** Nothing may come for so long. */
const silenceMs = 60_000;
const known = new Map<number, string>();

/** Fetches so many bytes over so long, and compares their SHA-256 with what they must be. */
export async function download(
  { port, sizeBytes, ms, told }: { port: number; sizeBytes: number; ms: number; told: boolean },
  tally: Tally,
): Promise<void> {
  const { downloads } = tally.report;
  const beganMs = Date.now();
  tally.report.requests += 1;
  downloads.open += 1;
  const seen = { bytes: 0 };
  try {
    const path = `/download?bytes=${sizeBytes}&ms=${ms}${told ? '&length=told' : ''}`;
    const checksum = await fetchAll(port, path, seen);
    if (seen.bytes !== sizeBytes) throw new Error('it ended early, as if it were whole');
    if (checksum !== expectedChecksum(sizeBytes)) throw new Error('its checksum is another');
    downloads.done += 1;
  } catch (error) {
    const reason = `after ${seen.bytes} of ${sizeBytes} bytes: ${(error as Error).message}`;
    const connection = `fresh, ${ms} ms long, ${told ? 'with' : 'without'} a length`;
    tally.failed({ beganMs, what: 'download', connection, reason });
  } finally {
    downloads.open -= 1;
    downloads.bytes += seen.bytes;
  }
}

function fetchAll(port: number, path: string, seen: { bytes: number }): Promise<string> {
  const hash = createHash('sha256');
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, agent: false, path }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`answered ${response.statusCode}`));
      response.on('data', (chunk: Buffer) => {
        seen.bytes += chunk.length;
        hash.update(chunk);
      });
      response.on('error', reject);
      response.on('end', () => resolve(hash.digest('hex')));
    });
    outgoing.setTimeout(silenceMs, () => outgoing.destroy(new Error(`nothing came for ${silenceMs} ms`)));
    outgoing.on('error', reject);
    outgoing.end();
  });
}

function expectedChecksum(sizeBytes: number): string {
  const checksum = known.get(sizeBytes) ?? createHash('sha256').update(patternAt(0, sizeBytes)).digest('hex');
  known.set(sizeBytes, checksum);
  return checksum;
}
