import type { Rig } from './rig.ts';

/** An app that answers with the revision that it stands for, and to a POST with the size of its body. */
export function revisionApp(rig: Rig, revision: string): ReturnType<Rig['app']> {
  return rig.app((request, response) => {
    let sizeBytes = 0;
    request.on('data', (chunk: Buffer) => (sizeBytes += chunk.length));
    request.on('end', () => {
      response.setHeader('x-revision', revision);
      response.end(request.method === 'POST' ? String(sizeBytes) : revision);
    });
  });
}
