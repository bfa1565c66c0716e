import { type MediaKind, mediaKinds, type NewMedia } from './media.ts';

export interface FieldError {
  field: string;
  message: string;
}

/** A value that passed, or everything that is wrong with it. */
export type Validated<T> = { ok: true; value: T } | { ok: false; errors: FieldError[] };

const earliestYear = 1000;
const latestYear = 2100;
const longestText = 200;
const mostTags = 10;

/** Checks an item as it comes from a form or over HTTP; reports every wrong field, not the first. */
export function validateNewMedia(input: unknown): Validated<NewMedia> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return { ok: false, errors: [{ field: '', message: 'must be an object' }] };
  }
  const { title, kind, creator = '', year = null, tags = [] } = input as Record<string, unknown>;
  const errors = [
    ...textErrors('title', title, 1),
    ...kindErrors(kind),
    ...textErrors('creator', creator, 0),
    ...yearErrors(year),
    ...tagErrors(tags),
  ];
  if (errors.length > 0) return { ok: false, errors };
  return {
    ok: true,
    value: {
      title: (title as string).trim(),
      kind: kind as MediaKind,
      creator: (creator as string).trim(),
      year: year as number | null,
      tags: [...new Set((tags as string[]).map((tag) => tag.trim().toLowerCase()))],
    },
  };
}

/** Checks a rating, `{ stars }`. */
export function validateStars(input: unknown): Validated<number> {
  const stars =
    typeof input === 'object' && input !== null && 'stars' in input ? input.stars : null;
  if (Number.isInteger(stars) && Number(stars) >= 1 && Number(stars) <= 5) {
    return { ok: true, value: Number(stars) };
  }
  return {
    ok: false,
    errors: [{ field: 'stars', message: 'must be a whole number from 1 to 5' }],
  };
}

function textErrors(field: string, value: unknown, shortest: number): FieldError[] {
  if (typeof value !== 'string') return [{ field, message: 'must be text' }];
  const { length } = value.trim();
  if (length < shortest) return [{ field, message: 'must not be empty' }];
  if (length > longestText) {
    return [{ field, message: `must have at most ${longestText} characters` }];
  }
  return [];
}

function kindErrors(value: unknown): FieldError[] {
  if (mediaKinds.includes(value as MediaKind)) return [];
  return [{ field: 'kind', message: `must be one of ${mediaKinds.join(', ')}` }];
}

function yearErrors(value: unknown): FieldError[] {
  if (value === null) return [];
  const fits =
    Number.isInteger(value) && Number(value) >= earliestYear && Number(value) <= latestYear;
  if (fits) return [];
  return [
    { field: 'year', message: `must be a whole number from ${earliestYear} to ${latestYear}` },
  ];
}

function tagErrors(value: unknown): FieldError[] {
  if (!Array.isArray(value)) return [{ field: 'tags', message: 'must be a list' }];
  if (value.length > mostTags) {
    return [{ field: 'tags', message: `must be at most ${mostTags}` }];
  }
  return value.flatMap((tag, index) => textErrors(`tags[${index}]`, tag, 1));
}
