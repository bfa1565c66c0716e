import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { appPort } from './app.ts';

export const nginxFile = '/usr/sbin/nginx';

/** nginx as people put it before an app whose copies come and go: a list of addresses, and a reload when it changes. */
export interface Edge {
  /** The configuration that scripts write and the command that makes nginx read it. */
  upstreams: string;
  reload: readonly string[];
  end(): Promise<void>;
}

/** The line of an upstream for each copy. */
export function upstreamLines(addresses: readonly string[]): string {
  return addresses.map((address) => `server ${address};\n`).join('');
}

/** Starts nginx at a port, with the addresses given. */
export function startEdge(folder: string, port: number, addresses: readonly string[]): Edge {
  mkdirSync(folder, { recursive: true });
  const upstreams = join(folder, 'upstreams.conf');
  const file = join(folder, 'nginx.conf');
  const errors = join(folder, 'error.log');
  writeFileSync(upstreams, upstreamLines(addresses));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${errors};
events { worker_connections 1024; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  upstream app { include ${upstreams}; keepalive 32; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
    }
  }
}
`,
  );
  const words = ['-c', file, '-e', errors];
  const child: ChildProcess = spawn(nginxFile, words, { stdio: 'ignore' });
  return {
    upstreams,
    reload: [nginxFile, ...words, '-s', 'reload'],
    end: async () => {
      if (child.exitCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** `10.140.0.2:3000` of containers, by what `docker inspect` prints for them. */
export function addressesIn(printed: string): string[] {
  return printed
    .split(/\s+/)
    .filter(Boolean)
    .map((host) => `${host}:${appPort}`);
}

/** For `docker inspect`. */
export const addressFormat = '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}';
