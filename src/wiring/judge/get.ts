/** What an address answered. */
export interface Got {
  status: number;
  /** No more than the first mebibyte. */
  body: string;
  /** The address without what is secret in it, for people. */
  place: string;
}

const longestBodyBytes = 1_048_576;

/**
 * Asks an address, which may hold a user and a password. Redirects are not followed.
 *
 * @throws Error that says whether anybody answered.
 */
export async function get(url: URL, signal: AbortSignal): Promise<Got> {
  const { username, password } = url;
  const open = new URL(url);
  open.username = '';
  open.password = '';
  const place = `${open.origin}${open.pathname}`;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const headers =
    username === '' ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
  try {
    const response = await fetch(open, { signal, redirect: 'manual', headers });
    return { status: response.status, body: await bodyOf(response), place };
  } catch (error) {
    if (signal.aborted) throw error;
    const { cause } = error as Error;
    const said = cause instanceof Error ? cause.message : (error as Error).message;
    throw new Error(
      `${place} does not answer (${said}): check that it runs, and that this machine reaches it`,
      { cause: error },
    );
  }
}

async function bodyOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes >= longestBodyBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
