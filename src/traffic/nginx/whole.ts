import { block, literal } from './names.ts';

/** The whole configuration around our part, when nginx serves nothing but Slipway's scopes. */
export function renderWhole(settings: {
  partFile: string;
  runFolder: string;
  pidFile: string;
  errorLog: string;
  /** What this user may have open. */
  openFiles: number;
}): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return [
    '# Written by Slipway; changes here are overwritten.',
    'daemon off;',
    'worker_processes auto;',
    `worker_rlimit_nofile ${settings.openFiles};`,
    `pid ${literal(settings.pidFile)};`,
    `error_log ${literal(settings.errorLog)} error;`,
    block('events', [`worker_connections ${Math.min(16_384, Math.floor(settings.openFiles / 2))};`]),
    block('http', [
      ...temporary.map((name) => `${name}_temp_path ${literal(`${settings.runFolder}/tmp/${name}`)};`),
      'server_names_hash_bucket_size 512;',
      'server_names_hash_max_size 8192;',
      'map_hash_bucket_size 512;',
      'variables_hash_bucket_size 256;',
      'variables_hash_max_size 8192;',
      'access_log off;',
      `include ${literal(settings.partFile)};`,
    ]),
    '',
  ].join('\n');
}
