import { pages, renderPage, type Page } from '../embedded/pages.ts';
import { block, literal } from './names.ts';

/** Where the router's own pages are found within, on no path that an app would use. */
const pagesPath = '/.slipway-pages/';

/** Files of the router's own pages, for people and for programs, by name. */
export function pageFiles(): Map<string, string> {
  return new Map(
    Object.entries(pages).flatMap(([name, page]): [string, string][] => [
      [`${name}.html`, renderPage(page, '').body],
      [`${name}.json`, renderPage(page, 'application/json').body],
    ]),
  );
}

/**
 * What nginx answers by itself.
 *
 * @param unavailable - Name of the page for 503, or the variable that says it.
 */
export function errorPages(unavailable: string): string[] {
  const page = (name: string) => `${pagesPath}${name}.$slipway_ending`;
  return [
    `error_page 400 ${page('badRequest')};`,
    `error_page 404 ${page('unknownHost')};`,
    `error_page 429 ${page('tooMany')};`,
    `error_page 502 ${page('badGateway')};`,
    `error_page 503 ${page(unavailable)};`,
    `error_page 504 ${page('gatewayTimeout')};`,
  ];
}

/** The pages as nginx finds them; visitors cannot ask for them. */
export function pagesLocation(folder: string, headers: readonly string[]): string {
  return block(`location ${pagesPath}`, [
    'internal;',
    `alias ${literal(`${folder}/`)};`,
    block('types', ['"text/html; charset=utf-8" html;', '"application/json; charset=utf-8" json;']),
    'etag off;',
    'if_modified_since off;',
    'max_ranges 0;',
    'add_header Cache-Control no-store always;',
    ...headers,
  ]);
}

/** Seconds after which to come again, as entries of a map by the page's path. */
export function retryEntries(tooManySeconds: number): [string, string][] {
  const all: Record<string, Page> = {
    ...pages,
    tooMany: { ...pages.tooMany, retryAfterSeconds: tooManySeconds },
  };
  const waits = Object.entries(all).filter(([, page]) => (page.retryAfterSeconds ?? 0) > 0);
  return [
    ['default', '""'],
    ...waits.map(([name, page]): [string, string] => [`"~/${name}\\."`, String(page.retryAfterSeconds)]),
  ];
}
