import { ask } from './cache.ts';
import { openDatabase } from './database.ts';
import { serve } from './serve.ts';
import { version } from './version.ts';

const database = openDatabase();

async function notes(): Promise<string[]> {
  const { rows } = await database.query<{ text: string }>('select text from notes order by id');
  return rows.map(({ text }) => text);
}

serve(4000, {
  '/notes': async () => ({ status: 200, body: { backend: version, notes: await notes(), visits: Number(await ask('INCR', 'visits')) } }),
  '/ready': async () => {
    await notes();
    return { status: 200, body: { backend: version } };
  },
});
