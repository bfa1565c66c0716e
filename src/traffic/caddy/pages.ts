import { pages, renderPage, type Page } from '../embedded/pages.ts';
import type { CaddyRoute, Json } from './routes.ts';

const wantsJson: Json = {
  header_regexp: { Accept: { pattern: String.raw`(?i)application/([\w.+-]+\+)?json` } },
  not: [{ header_regexp: { Accept: { pattern: String.raw`(?i)text/html|\*/\*` } } }],
};

/** Answers with a page of the router's own: JSON for programs, HTML for people. */
export function pageRoutes(page: Page, match: Json = {}): CaddyRoute[] {
  return [
    { match: [{ ...match, ...wantsJson }], handle: [answer(page, 'application/json')], terminal: true },
    {
      ...(Object.keys(match).length > 0 ? { match: [match] } : {}),
      handle: [answer(page, '')],
      terminal: true,
    },
  ];
}

/** What Caddy answers by itself when an app does not. */
export function errorRoutes(): CaddyRoute[] {
  return [pages.badGateway, pages.gatewayTimeout].flatMap((page) =>
    pageRoutes(page, { vars: { '{http.error.status_code}': [String(page.status)] } }),
  );
}

function answer(page: Page, accept: string): Json {
  const { type, body } = renderPage(page, accept);
  return {
    handler: 'static_response',
    status_code: page.status,
    headers: {
      'Content-Type': [type],
      'Cache-Control': ['no-store'],
      ...(page.retryAfterSeconds === undefined ? {} : { 'Retry-After': [String(page.retryAfterSeconds)] }),
    },
    // What stands in braces is a variable for Caddy.
    body: body.replaceAll('{', String.raw`\{`),
  };
}
