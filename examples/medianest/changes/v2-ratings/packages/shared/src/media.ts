/** What the library holds. */
export const mediaKinds = ['film', 'series', 'album', 'book', 'photo'] as const;

export type MediaKind = (typeof mediaKinds)[number];

/** What a user says about an item. */
export interface NewMedia {
  title: string;
  kind: MediaKind;
  /** Director, author, band or photographer. */
  creator: string;
  /** Year of publication; null when nobody knows. */
  year: number | null;
  tags: string[];
}

/** An item of the library. */
export interface Media extends NewMedia {
  id: string;
  /** Where the poster is; null until the worker has drawn it. */
  posterUrl: string | null;
  /** Mean of all stars, to a tenth; null while nobody has rated it. */
  rating: number | null;
  ratingCount: number;
  /** ISO 8601, UTC. */
  createdAt: string;
}

/** Answer of `GET /api/media`. */
export interface MediaPage {
  items: Media[];
  /** How many items match, of which `items` are the newest. */
  total: number;
}
