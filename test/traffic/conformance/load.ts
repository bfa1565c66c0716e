import type { Agent } from 'node:http';
import { get, keepAliveAgent } from '../rig.ts';

/** Requests that go on and on, and what went wrong with them. */
export interface Load {
  requests: number;
  failures: string[];
  /** Which revisions answered, by the header that the apps set. */
  revisions: Map<string, number>;
  stop(): Promise<void>;
}

const body = 'x'.repeat(2_000);

/** Constant load on kept and on fresh connections, a third of it with bodies; every answer but 200 is a failure. */
export function startLoad(port: number, clients = 9): Load {
  const state = { running: true };
  const agent = keepAliveAgent();
  const load: Load = { requests: 0, failures: [], revisions: new Map(), stop: async () => {} };
  const client = async (own: Agent | false, posts: boolean) => {
    while (state.running) {
      try {
        const answer = await get(port, { agent: own, ...(posts ? { method: 'POST', body } : {}) });
        const id = String(answer.headers['x-revision']);
        if (answer.status !== 200) load.failures.push(`${answer.status} ${posts ? 'POST' : 'GET'}`);
        else if (posts && answer.body !== String(body.length)) load.failures.push(`body ${answer.body}`);
        load.revisions.set(id, (load.revisions.get(id) ?? 0) + 1);
      } catch (error) {
        load.failures.push(`${String(error)} ${own ? 'kept' : 'fresh'} ${posts ? 'POST' : 'GET'}`);
      }
      load.requests++;
    }
  };
  const everyone = Array.from({ length: clients }, (_, index) =>
    client(index % 2 === 0 ? agent : false, index % 3 === 0),
  );
  load.stop = async () => {
    state.running = false;
    await Promise.all(everyone);
    agent.destroy();
  };
  return load;
}
