import type { Media } from '@medianest/shared';
import { element } from './dom.ts';

export function mediaCard(item: Media): HTMLElement {
  const by = [item.creator, item.year].filter(Boolean).join(', ');
  const about = element(
    'div',
    'about',
    element('h2', '', item.title),
    element('p', '', by || 'unknown'),
    element('p', '', [item.kind, ...item.tags].join(' · ')),
  );
  return element('li', '', poster(item), about);
}

function poster({ posterUrl }: Media): HTMLElement {
  if (posterUrl === null) return element('div', 'poster', 'drawing …');
  const image = new Image();
  image.className = 'poster';
  image.alt = '';
  image.src = posterUrl;
  return image;
}
