import { type FieldError, type Media, type MediaPage, validateNewMedia } from '@medianest/shared';

export async function fetchVersion(): Promise<{ version: string; revision: string | null }> {
  return getJson('/version');
}

export async function searchMedia(form: FormData): Promise<MediaPage> {
  const query = new URLSearchParams({ q: text(form, 'q'), kind: text(form, 'kind') });
  return getJson(`/api/media?${query}`);
}

/** Adds an item; returns what is wrong with it, which is nothing when it was added. */
export async function addMedia(form: FormData): Promise<FieldError[]> {
  const year = text(form, 'year');
  const input = validateNewMedia({
    title: text(form, 'title'),
    kind: text(form, 'kind'),
    creator: text(form, 'creator'),
    year: year === '' ? null : Number(year),
    tags: text(form, 'tags')
      .split(',')
      .filter((tag) => tag.trim() !== ''),
  });
  if (!input.ok) return input.errors;
  return postJson('/api/media', input.value satisfies Partial<Media>);
}

export async function rateMedia(id: string, stars: number): Promise<void> {
  await postJson(`/api/media/${id}/ratings`, { stars });
}

async function postJson(path: string, value: unknown): Promise<FieldError[]> {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(value),
  });
  if (response.ok) return [];
  const { error, errors } = await response.json();
  return errors ?? [{ field: '', message: error }];
}

async function getJson<T>(path: string): Promise<T> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

function text(form: FormData, name: string): string {
  return String(form.get(name) ?? '').trim();
}
