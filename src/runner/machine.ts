/** What a job, or npm making a release, may know of the machine; nothing else is inherited. */
const passedOn = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'GIT_SSL_CAINFO',
  'CURL_CA_BUNDLE',
  'REQUESTS_CA_BUNDLE',
  'npm_config_registry',
  'npm_config_cafile',
] as const;

const standardPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The machine's part of a job's environment: how to reach the network (proxies, certificates, npm's registry), and a
 * PATH of the system's own folders. It is read once, when the server starts, and documented in docs/jobs.md.
 *
 * @param extra - What the owner of the machine adds by `slipway up --job-env NAME=VALUE`.
 */
export function machineEnvironment(
  env: Record<string, string | undefined>,
  extra: Record<string, string> = {},
): Record<string, string> {
  const known = passedOn.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return { PATH: standardPath, ...Object.fromEntries(known), ...extra };
}
