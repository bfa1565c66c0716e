import { describe, expect, test } from 'vitest';
import { loadCompose } from './index.ts';

/** Keys of the Compose Specification, by where they stand; `{}` is put behind each. */
const specification: Record<string, { at: (key: string) => string; keys: string }> = {
  'a Compose file': {
    at: (key) => `${key}: {}\nservices: { web: { image: a } }`,
    keys: 'version name include models networks volumes secrets configs x-mine',
  },
  'a service': {
    at: (key) => `services: { web: { ${key}: {} } }`,
    keys: 'annotations attach build blkio_config cap_add cap_drop cgroup cgroup_parent command configs container_name cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset credential_spec depends_on deploy develop device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint env_file environment expose extends external_links extra_hosts gpus group_add healthcheck hostname image init ipc isolation label_file labels links logging mac_address mem_limit mem_reservation mem_swappiness memswap_limit models network_mode networks oom_kill_disable oom_score_adj pid pids_limit platform ports post_start pre_start pre_stop privileged profiles provider pull_policy pull_refresh_after read_only restart runtime scale secrets security_opt shm_size stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits use_api_socket user userns_mode uts volumes volumes_from working_dir x-mine',
  },
  'a build': {
    at: (key) => `services: { web: { build: { ${key}: {} } } }`,
    keys: 'additional_contexts args cache_from cache_to context dockerfile dockerfile_inline entitlements extra_hosts isolation labels network no_cache platforms privileged provenance pull sbom secrets shm_size ssh tags target ulimits x-mine',
  },
  'a deployment': {
    at: (key) => `services: { web: { image: a, deploy: { ${key}: {} } } }`,
    keys: 'endpoint_mode labels mode placement replicas resources restart_policy rollback_config update_config x-mine',
  },
  'an update': {
    at: (key) => `services: { web: { image: a, deploy: { update_config: { ${key}: {} } } } }`,
    keys: 'parallelism delay failure_action monitor max_failure_ratio order',
  },
  'a restart policy': {
    at: (key) => `services: { web: { image: a, deploy: { restart_policy: { ${key}: {} } } } }`,
    keys: 'condition delay max_attempts window',
  },
  reservations: {
    at: (key) => `services: { web: { image: a, deploy: { resources: { reservations: { ${key}: {} } } } } }`,
    keys: 'cpus memory devices generic_resources',
  },
  'a healthcheck': {
    at: (key) => `services: { web: { image: a, healthcheck: { ${key}: {} } } }`,
    keys: 'disable interval retries test timeout start_period start_interval',
  },
  'a hook': {
    at: (key) => `services: { web: { image: a, pre_start: [{ ${key}: {} }] } }`,
    keys: 'command user privileged working_dir environment image per_replica',
  },
  "a service's network": {
    at: (key) => `services: { web: { image: a, networks: { default: { ${key}: {} } } } }`,
    keys: 'aliases driver_opts gw_priority interface_name ipv4_address ipv6_address link_local_ips mac_address priority',
  },
  'a port': {
    at: (key) => `services: { web: { image: a, ports: [{ ${key}: {} }] } }`,
    keys: 'app_protocol host_ip mode name protocol published target',
  },
  'a mount': {
    at: (key) => `services: { web: { image: a, volumes: [{ ${key}: {} }] } }`,
    keys: 'type source target read_only consistency bind volume tmpfs image',
  },
  'a bind': {
    at: (key) => `services: { web: { image: a, volumes: [{ bind: { ${key}: {} } }] } }`,
    keys: 'propagation create_host_path selinux recursive',
  },
  'a network': {
    at: (key) => `networks: { n: { ${key}: {} } }\nservices: { web: { image: a } }`,
    keys: 'attachable driver driver_opts enable_ipv4 enable_ipv6 external internal ipam labels name',
  },
  'a volume': {
    at: (key) => `volumes: { v: { ${key}: {} } }\nservices: { web: { image: a } }`,
    keys: 'driver driver_opts external labels name',
  },
  'a secret': {
    at: (key) => `secrets: { s: { ${key}: {} } }\nservices: { web: { image: a } }`,
    keys: 'driver driver_opts environment external file labels name template_driver',
  },
  'a config': {
    at: (key) => `configs: { c: { ${key}: {} } }\nservices: { web: { image: a } }`,
    keys: 'content environment external file labels name template_driver',
  },
};

const codesOf = (text: string): string[] => {
  const read = (path: string) => (path === 'compose.yaml' ? text : null);
  const result = loadCompose({ files: ['compose.yaml'], env: {}, profiles: [], sources: { read } });
  return (result.ok ? result.warnings : result.findings).map(({ code }) => code);
};

describe('every key of the Compose Specification is honoured, without effect with a reason, or refused', () => {
  test.each(Object.entries(specification))('in %s', (_, { at, keys }) => {
    const unknown = keys.split(' ').filter((key) => codesOf(at(key)).includes('compose/unknown-key'));
    expect(unknown).toEqual([]);
  });

  test.each(Object.entries(specification))('and what is none is a mistake in %s', (_, { at }) => {
    expect(codesOf(at('nonsense'))).toContain('compose/unknown-key');
  });
});
