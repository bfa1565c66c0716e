/** What the router itself has to say, with nothing of an app behind it. */
export interface Page {
  status: number;
  title: string;
  text: string;
  retryAfterSeconds?: number;
}

/** The pages by occasion. Texts are for visitors: no names of scopes, revisions or addresses. */
export const pages = {
  badRequest: {
    status: 400,
    title: 'Bad request',
    text: 'This request could not be understood.',
  },
  unknownHost: {
    status: 404,
    title: 'Nothing here',
    text: 'No application is served under this address.',
  },
  notServing: {
    status: 503,
    title: 'Not available',
    text: 'This application is not running at the moment. Please try again soon.',
    retryAfterSeconds: 10,
  },
  pinnedAway: {
    status: 503,
    title: 'Not available',
    text: 'What this address or mark asks for is not running at the moment.',
    retryAfterSeconds: 10,
  },
  stateDamaged: {
    status: 503,
    title: 'Not available',
    text: 'This server is being repaired. Please try again in a few minutes.',
    retryAfterSeconds: 30,
  },
  maintenance: {
    status: 503,
    title: 'Down for maintenance',
    text: 'We are working on it and will be back shortly.',
    retryAfterSeconds: 60,
  },
  tooMany: {
    status: 429,
    title: 'Too many requests',
    text: 'You sent more requests than this application allows. Please wait a moment.',
  },
  badGateway: {
    status: 502,
    title: 'Bad gateway',
    text: 'The application did not answer. Please try again.',
  },
  gatewayTimeout: {
    status: 504,
    title: 'Gateway timeout',
    text: 'The application took too long to answer. Please try again.',
  },
} satisfies Record<string, Page>;

/** A page as a response: HTML for people, JSON for clients that accept JSON and no HTML. */
export function renderPage(page: Page, accept: string): { type: string; body: string } {
  const wantsJson = /application\/([\w.+-]+\+)?json/i.test(accept) && !/text\/html|\*\/\*/i.test(accept);
  if (wantsJson)
    return {
      type: 'application/json; charset=utf-8',
      body: `${JSON.stringify({ status: page.status, error: page.title, message: page.text })}\n`,
    };
  return { type: 'text/html; charset=utf-8', body: html(page) };
}

function html({ status, title, text }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>
:root { color-scheme: light dark; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 1.05rem/1.6 system-ui, sans-serif;
  background: light-dark(#f7f7f5, #16181b); color: light-dark(#22262b, #e8e8e6); }
main { max-width: 30rem; padding: 2rem; text-align: center; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; }
p { margin: 0; opacity: .8; }
small { display: block; margin-top: 2rem; opacity: .5; }
</style>
</head>
<body><main><h1>${title}</h1><p>${text}</p><small>${status}</small></main></body>
</html>
`;
}
