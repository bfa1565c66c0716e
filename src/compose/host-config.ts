import type { Findings } from './findings.ts';
import type { HostConfigExtras } from './model.ts';
import { bytes, fields, flag, keyed, listOf, mapOf, anyText, oneOf, text, texts, whole } from './shapes.ts';
import type { ReadFields, Shape } from './shapes.ts';
import { gpus } from './deploy.ts';
import type { Tree } from './tree.ts';

const device = (amount: 'rate' | 'weight') =>
  listOf(
    fields({ path: text, [amount]: amount === 'rate' ? bytes : whole(10) }, { of: 'a limit of a device' }),
  );

const blkioForm = fields(
  {
    weight: whole(10),
    weight_device: listOf(fields({ path: text, weight: whole(10) }, { of: 'a limit of a device' })),
    device_read_bps: device('rate'),
    device_read_iops: device('rate'),
    device_write_bps: device('rate'),
    device_write_iops: device('rate'),
  },
  { of: 'blkio_config' },
);

/** -1 is no limit. */
const swap: Shape<number> = (tree: Tree, path: string, findings: Findings) =>
  tree.kind === 'scalar' && String(tree.value) === '-1' ? -1 : bytes(tree, path, findings);

/** Keys of a service that become `HostConfig` as they are. */
export const hostConfigFields = {
  annotations: keyed(),
  blkio_config: blkioForm,
  cgroup: oneOf(['host', 'private']),
  cgroup_parent: text,
  cpu_period: whole(0),
  cpu_quota: whole(-1),
  cpu_rt_period: whole(0),
  cpu_rt_runtime: whole(0),
  cpu_shares: whole(0),
  cpuset: text,
  device_cgroup_rules: listOf(text),
  dns_opt: texts,
  gpus,
  mem_swappiness: whole(-1),
  memswap_limit: swap,
  oom_kill_disable: flag,
  runtime: text,
  storage_opt: mapOf(anyText),
  userns_mode: text,
  uts: oneOf(['host']),
};

/** What these keys are called in the Engine's API. */
export function hostConfig(read: ReadFields<typeof hostConfigFields>): HostConfigExtras {
  const { blkio_config: blkio } = read;
  const rates = (list: Record<string, unknown>[] | undefined) =>
    list?.map(({ path, rate }) => ({ Path: String(path), Rate: Number(rate) }));
  const written = {
    Annotations: read.annotations
      ? Object.fromEntries([...read.annotations].map(([key, { value }]) => [key, value ?? '']))
      : undefined,
    BlkioWeight: blkio?.weight,
    BlkioWeightDevice: blkio?.weight_device?.map(({ path = '', weight = 0 }) => ({
      Path: path,
      Weight: weight,
    })),
    BlkioDeviceReadBps: rates(blkio?.device_read_bps),
    BlkioDeviceReadIOps: rates(blkio?.device_read_iops),
    BlkioDeviceWriteBps: rates(blkio?.device_write_bps),
    BlkioDeviceWriteIOps: rates(blkio?.device_write_iops),
    CgroupParent: read.cgroup_parent,
    CgroupnsMode: read.cgroup,
    CpuPeriod: read.cpu_period,
    CpuQuota: read.cpu_quota,
    CpuRealtimePeriod: read.cpu_rt_period,
    CpuRealtimeRuntime: read.cpu_rt_runtime,
    CpuShares: read.cpu_shares,
    CpusetCpus: read.cpuset,
    DeviceCgroupRules: read.device_cgroup_rules,
    DeviceRequests: read.gpus,
    DnsOptions: read.dns_opt,
    MemorySwap: read.memswap_limit,
    MemorySwappiness: read.mem_swappiness,
    OomKillDisable: read.oom_kill_disable,
    Runtime: read.runtime,
    StorageOpt: read.storage_opt ? Object.fromEntries(read.storage_opt) : undefined,
    UTSMode: read.uts,
    UsernsMode: read.userns_mode,
  };
  return Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined));
}
