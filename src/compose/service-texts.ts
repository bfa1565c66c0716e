import type { Dependency, Healthcheck, Hook } from './model.ts';
import {
  anyText,
  badValue,
  command,
  durationMs,
  fields,
  flag,
  keyed,
  keyedEntries,
  listOf,
  oneOf,
  text,
  whole,
  wrongType,
} from './shapes.ts';
import type { Located, ReadFields, Shape } from './shapes.ts';
import { isNothing, printed, valueAt } from './tree.ts';
import type { Tree } from './tree.ts';
import type { Findings } from './findings.ts';

/** `extra_hosts`: `host:address`, `host=address` or a mapping; each as `host:address`. */
export const extraHosts: Shape<string[]> = (tree, path, findings) => {
  if (tree.kind === 'scalar') return wrongType(tree, path, findings, 'a list', '- "db.local:10.0.0.5"');
  // One host may have several addresses, so lines are not read by host.
  const parts =
    tree.kind === 'list'
      ? tree.items.map((item) => keyedEntries(item, ':=', findings, path))
      : [tree.entries];
  return parts.flatMap((entries) =>
    [...entries].flatMap(([host, { value, keyAt }]) => {
      if (isNothing(value)) {
        badValue(`${path}: "${host}" has no address`, keyAt, findings, 'write "host:address"');
        return [];
      }
      return (value.kind === 'list' ? value.items : [value]).flatMap((item) => {
        const address = anyText(item, `${path}.${host}`, findings);
        return address === undefined ? [] : [`${host}:${address.replace(/^\[|\]$/g, '')}`];
      });
    }),
  );
};

const conditions = {
  service_started: 'started',
  service_healthy: 'healthy',
  service_completed_successfully: 'completed',
} as const;

const longDependency = fields(
  {
    condition: oneOf(['service_started', 'service_healthy', 'service_completed_successfully']),
    required: flag,
    restart: flag,
  },
  { of: 'a dependency' },
);

/** `depends_on` with the place of each. */
export const dependsOn: Shape<Located<Dependency>[]> = (tree, path, findings) => {
  if (tree.kind === 'scalar')
    return wrongType(tree, path, findings, 'a list of services', `depends_on: [${printed(tree)}]`);
  if (tree.kind === 'list') {
    const names = tree.items.flatMap((item) => {
      const service = text(item, path, findings);
      return service === undefined ? [] : [{ value: started(service), at: item.at }];
    });
    return names;
  }
  return [...tree.entries].map(([service, { keyAt, value }]) => {
    const read = isNothing(value) ? {} : longDependency(value, `${path}.${service}`, findings);
    const { condition = 'service_started', required = true, restart = false } = read ?? {};
    return { value: { service, condition: conditions[condition], required, restart }, at: keyAt };
  });
};

/** A dependency of the short form. */
export function started(service: string, restart = false): Dependency {
  return { service, condition: 'started', required: true, restart };
}

const healthcheckForm = fields(
  {
    test: (tree: Tree, path: string, findings: Findings) => healthTest(tree, path, findings),
    interval: durationMs,
    timeout: durationMs,
    start_period: durationMs,
    start_interval: durationMs,
    retries: whole(0),
    disable: flag,
  },
  { of: 'a healthcheck' },
);

function healthTest(tree: Tree, path: string, findings: Findings): string[] | undefined {
  if (tree.kind === 'scalar') {
    const script = text(tree, path, findings);
    return script === undefined ? undefined : script === '' ? [] : ['CMD-SHELL', script];
  }
  const words = listOf(text)(tree, path, findings);
  const first = words?.[0];
  if (words === undefined || first === undefined) return words;
  if (['NONE', 'CMD', 'CMD-SHELL'].includes(first)) return words;
  return badValue(
    `${path} begins with "${first}"`,
    tree.at,
    findings,
    `write ["CMD", "${first}", …], or the whole command as one text`,
    ['a list begins with CMD (no shell), CMD-SHELL (one text for a shell) or NONE'],
  );
}

/** `healthcheck`. */
export const healthcheck: Shape<Healthcheck> = (tree, path, findings) => {
  const read = healthcheckForm(tree, path, findings);
  if (read === undefined) return undefined;
  if (read.disable === true || read.test?.[0] === 'NONE') return { disable: true };
  return {
    disable: false,
    test: read.test === undefined || read.test.length === 0 ? null : read.test,
    intervalMs: read.interval ?? null,
    timeoutMs: read.timeout ?? null,
    startPeriodMs: read.start_period ?? null,
    startIntervalMs: read.start_interval ?? null,
    retries: read.retries ?? null,
  };
};

const hookFields = { command, user: text, privileged: flag, working_dir: text, environment: keyed() };
const hookForm = fields(hookFields, { of: 'a hook' });
const preStartFields = { ...hookFields, image: text, per_replica: flag };
const preStartForm = fields(preStartFields, { of: 'a pre_start hook' });

/** One hook; one of `pre_start` may name an image and leave the command to it. */
export function hook(kind: 'pre_start' | 'other'): Shape<Hook> {
  return (tree, path, findings) => {
    const form: Shape<ReadFields<typeof preStartFields>> = kind === 'pre_start' ? preStartForm : hookForm;
    const read = form(tree, path, findings);
    if (read === undefined) return undefined;
    if (read.command === undefined && valueAt(tree, 'command') === undefined && read.image === undefined) {
      return findings.error('compose/missing-key', `${path} has no command`, tree.at, {
        help: 'add "command: …" to it',
      });
    }
    if (read.per_replica === true) {
      return findings.error(
        'compose/refused',
        `${path}.per_replica: a pre_start hook runs once, not for each copy`,
        valueAt(tree, 'per_replica')?.at ?? tree.at,
        {
          help: "take it out, or run the command at the start of the service's own command",
        },
      );
    }
    return {
      command: read.command ?? [],
      image: read.image ?? null,
      user: read.user ?? null,
      privileged: read.privileged ?? false,
      workingDir: read.working_dir ?? null,
      environment: Object.fromEntries([...(read.environment ?? [])].map(([key, { value }]) => [key, value])),
      at: tree.at,
    };
  };
}
