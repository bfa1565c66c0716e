/** Where a plain router listens, what is behind it, and a folder for its files. */
export interface PlainParts {
  port: number;
  upstream: number;
  folder: string;
}

/**
 * What a driven router does is told apart by two plain ones:
 *
 * - `bare`: the shortest configuration that passes requests on. No log, no limits, nothing is kept from the app.
 * - `equal`: what a person would write for one app that gets the same promises: the same facts in the request log,
 *   limits and timeouts, headers that no client can forge, upgrades, what was not answered sent again. Left out is what
 *   only a driver needs: which version, sessions, a change without a loss.
 */
export type Work = 'bare' | 'equal';

/** The `http { }` of a plain nginx. */
export function plainNginx(work: Work, { port, upstream, folder }: PlainParts): string {
  const app = `upstream app { server 127.0.0.1:${upstream}; keepalive 128; }`;
  if (work === 'bare')
    return `access_log off; keepalive_requests 1000000; ${app}
    server { listen 127.0.0.1:${port};
      location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection "";
        proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr; } }`;
  return `log_format facts escape=json '$status\\t$request_time\\t$upstream_header_time\\t$request_completion\\t$upstream_http_content_type\\t$connection\\t$connection_requests\\t$remote_addr\\t$http_user_agent';
    map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
    ${app}
    server { listen 127.0.0.1:${port}; server_tokens off;
      access_log ${folder}/access.log facts buffer=32k flush=1s;
      client_header_timeout 10s; client_body_timeout 60s; client_max_body_size 1g; send_timeout 60s;
      large_client_header_buffers 4 32k; keepalive_timeout 65s; keepalive_requests 100000;
      location / { proxy_pass http://app; proxy_http_version 1.1; proxy_connect_timeout 3s; proxy_read_timeout 60s;
        proxy_next_upstream error; proxy_request_buffering off; proxy_buffering off; proxy_buffer_size 32k; proxy_buffers 4 32k;
        proxy_set_header Host $http_host; proxy_set_header Connection $connection_upgrade; proxy_set_header Upgrade $http_upgrade;
        proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header Forwarded ""; proxy_set_header X-Forwarded-Port ""; proxy_set_header X-Real-IP ""; } }`;
}

/** The whole configuration of a plain HAProxy. */
export function plainHaproxy(work: Work, { port, upstream }: PlainParts): string {
  if (work === 'bare')
    return `global
  nbthread 1
defaults
  mode http
  timeout connect 3s
  timeout client 30s
  timeout server 30s
  option forwardfor
frontend in
  bind 127.0.0.1:${port}
  default_backend app
backend app
  http-reuse always
  server a 127.0.0.1:${upstream}
`;
  return `global
  nbthread 1
  log ring@requests len 512 format raw local0 info
defaults
  mode http
  timeout connect 3s
  timeout http-request 10s
  timeout http-keep-alive 65s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1d
  option http-no-delay
  option redispatch 1
  retries 2
  retry-on conn-failure empty-response
frontend in
  bind 127.0.0.1:${port}
  log global
  log-format "%lc %b %ST %ts %Ta %ci %[capture.req.hdr(0)]"
  capture request header user-agent len 128
  http-request deny deny_status 413 if { req.body_size gt 1073741824 }
  http-request del-header x-forwarded- -m beg
  http-request del-header forwarded
  http-request del-header x-real-ip
  http-request add-header x-forwarded-for %[src]
  http-request add-header x-forwarded-proto http
  http-request add-header x-forwarded-host %[req.hdr(host)]
  default_backend app
backend app
  http-reuse safe
  http-request disable-l7-retry unless METH_GET
  server a 127.0.0.1:${upstream} pool-purge-delay 2s
ring requests
  format raw
  maxlen 512
  size 33554432
`;
}
