/** What a container uses. */
export interface ContainerUse {
  /** Processor time since its start. */
  cpuMs: number;
  /** Without files that the kernel may drop at any time; null where the engine does not count memory. */
  memoryBytes: number | null;
}

/** As the engine tells it; fields of what the kernel does not count are missing. */
export interface RawUse {
  cpu_stats?: { cpu_usage?: { total_usage?: number } };
  memory_stats?: { usage?: number; stats?: Record<string, number> };
}

/**
 * Memory as `docker stats` shows it: what is used, less inactive pages of files, which are called `total_inactive_file` by
 * cgroup v1 and `inactive_file` by v2.
 *
 * @see Docker Engine API, ContainerStats; docker/cli, calculateMemUsageUnixNoCache
 */
export function useOf({ cpu_stats: cpu, memory_stats: memory }: RawUse): ContainerUse {
  const { usage, stats = {} } = memory ?? {};
  const files = stats['total_inactive_file'] ?? stats['inactive_file'] ?? 0;
  return {
    cpuMs: (cpu?.cpu_usage?.total_usage ?? 0) / 1e6,
    memoryBytes: usage === undefined ? null : files < usage ? usage - files : usage,
  };
}
