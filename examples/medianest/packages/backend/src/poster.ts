import type { MediaKind } from '@medianest/shared';

const hues: Record<MediaKind, number> = {
  film: 215,
  series: 265,
  album: 340,
  book: 30,
  photo: 160,
};

/** Draws a poster: the title's initials on a colour of its kind. */
export function drawPoster(title: string, kind: MediaKind): string {
  const hue = hues[kind] + (checksum(title) % 40) - 20;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 280">
<linearGradient id="g" x2="1" y2="1"><stop stop-color="hsl(${hue} 60% 46%)"/>
<stop offset="1" stop-color="hsl(${hue + 40} 55% 26%)"/></linearGradient>
<rect width="200" height="280" fill="url(#g)"/>
<text x="100" y="160" font-family="system-ui,sans-serif" font-size="72" font-weight="700"
 fill="#fff" fill-opacity=".9" text-anchor="middle">${escapeXml(initials(title))}</text>
</svg>`;
}

function initials(title: string): string {
  const words = title.split(/\s+/).filter(Boolean);
  return words
    .slice(0, 2)
    .map((word) => [...word][0]?.toUpperCase())
    .join('');
}

function escapeXml(text: string): string {
  return text.replaceAll(/[<>&"']/g, (character) => `&#${character.codePointAt(0)};`);
}

function checksum(text: string): number {
  let sum = 0;
  for (const character of text) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return sum;
}
