import { createServer } from 'node:http';
import { nanoid } from 'nanoid';

const page = `<!doctype html>
<title>short links</title>
<h1>short links</h1>
<form method="post" action="/links"><input name="url" type="url" required size="50"> <button>Shorten</button></form>
`;

// In memory: links live as long as the process, which is fine for what we use it for.
const links = new Map();

async function readBody(request) {
  let body = '';
  for await (const chunk of request) {
    body += chunk;
    if (body.length > 10_000) throw new Error('too large');
  }
  return body;
}

export function createApp() {
  return createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    try {
      if (request.method === 'GET' && pathname === '/') {
        response.writeHead(200, { 'content-type': 'text/html' }).end(page);
      } else if (request.method === 'POST' && pathname === '/links') {
        const target = new URLSearchParams(await readBody(request)).get('url') ?? '';
        if (!/^https?:\/\//.test(target)) {
          response.writeHead(400, { 'content-type': 'text/plain' }).end('not a link\n');
          return;
        }
        const id = nanoid(8);
        links.set(id, target);
        response.writeHead(201, { 'content-type': 'text/plain' }).end(`/${id}\n`);
      } else if (request.method === 'GET' && links.has(pathname.slice(1))) {
        response.writeHead(302, { location: links.get(pathname.slice(1)) }).end();
      } else {
        response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
      }
    } catch {
      response.writeHead(400).end();
    }
  });
}
