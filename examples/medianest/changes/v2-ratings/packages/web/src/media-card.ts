import type { Media } from '@medianest/shared';
import { element } from './dom.ts';

/** Called when a user gives an item its stars. */
export type Rate = (id: string, stars: number) => unknown;

export function mediaCard(item: Media, rate: Rate): HTMLElement {
  const by = [item.creator, item.year].filter(Boolean).join(', ');
  const about = element(
    'div',
    'about',
    element('h2', '', item.title),
    element('p', '', by || 'unknown'),
    element('p', '', [item.kind, ...item.tags].join(' · ')),
    starRow(item, rate),
  );
  return element('li', '', poster(item), about);
}

function starRow({ id, title, rating, ratingCount }: Media, rate: Rate): HTMLElement {
  const row = element('p', 'stars');
  for (const stars of [1, 2, 3, 4, 5]) {
    const star = element('button', stars <= Math.round(rating ?? 0) ? 'lit' : '', '★');
    star.setAttribute('aria-label', `Give ${title} ${stars} of 5 stars`);
    star.addEventListener('click', () => rate(id, stars));
    row.append(star);
  }
  row.append(element('span', '', rating === null ? 'not rated' : `${rating} (${ratingCount})`));
  return row;
}

function poster({ posterUrl }: Media): HTMLElement {
  if (posterUrl === null) return element('div', 'poster', 'drawing …');
  const image = new Image();
  image.className = 'poster';
  image.alt = '';
  image.src = posterUrl;
  return image;
}
