import { isMap, isSeq, type Node } from 'yaml';
import type { Place } from './availability.ts';
import { isOneExpression, type Owner, type WorkflowFile } from './file.ts';
import type { Container, Template } from './model.ts';
import { lacks, type Entry } from './reader.ts';
import { asText } from './nodes.ts';

const keys = ['image', 'options', 'env', 'ports', 'volumes', 'credentials'];
const place: Place = 'container';

/** Reads `container`, which this machine then refuses. */
export function parseContainer(
  file: WorkflowFile,
  entry: Entry | undefined,
  owner: Owner,
): Container | undefined {
  if (!entry) return undefined;
  const container = readContainer(file, entry, { owner, known: keys, of: '`container`', empty: 'allowed' });
  // An empty image means no container, which can be had.
  if (container?.image.text === '') return undefined;
  const help = 'jobs run on the machine itself; install what they need in a step, or remove the key';
  file.refuse(owner, 'not-supported', '`container` in a job is not supported yet', entry.keyAt, { help });
  return container;
}

/** Reads `services`, which this machine then refuses. */
export function parseServices(
  file: WorkflowFile,
  entry: Entry | undefined,
  owner: Owner,
): Record<string, Container> {
  if (!entry) return {};
  const services: [string, Container][] = [];
  const text = asText(entry.value);
  if (text !== undefined && isOneExpression(text)) file.text(entry, '`services`', place, owner);
  else {
    for (const service of file.entries(entry.value, '`services`', entry.keyAt) ?? []) {
      const known = [...keys, 'entrypoint', 'command'];
      const of = `the service "${service.key}"`;
      const container = readContainer(file, service, { owner, known, of, empty: 'refused' });
      if (container) services.push([service.key, container]);
    }
  }
  const help = 'start what the job needs in a step, or use a file database such as SQLite';
  file.refuse(owner, 'not-supported', '`services` in a job is not supported yet', entry.keyAt, { help });
  return Object.fromEntries(services);
}

interface ContainerRules {
  owner: Owner;
  known: string[];
  of: string;
  empty: 'allowed' | 'refused';
}

function readContainer(
  file: WorkflowFile,
  entry: Entry,
  { owner, known, of, empty }: ContainerRules,
): Container | undefined {
  const at = entry.keyAt;
  const bare = { at, env: {}, ports: [], volumes: [] };
  if (!isMap(entry.value)) {
    const image = file.text(entry, of, place, owner, empty);
    return image && { ...bare, image };
  }
  const dynamic = file.refusedKey(of, place, owner);
  const fields = file.fields(entry.value, { of, known, dynamic }, at);
  if (!fields) return undefined;
  if (lacks(fields, 'image')) {
    file.error('missing-key', `${of} has no \`image\``, at, { help: 'add `image:` under it' });
  }
  const image = file.text(fields.get('image'), '`image`', place, owner);
  const optional = (key: string) => file.text(fields.get(key), `\`${key}\``, place, owner, 'allowed');
  const credentials = readCredentials(file, fields.get('credentials'), owner);
  const [options, entrypoint, command] = ['options', 'entrypoint', 'command'].map(optional);
  const env = file.variables(fields.get('env'), "a container's `env`", 'containerEnv', owner);
  const [ports = [], volumes = []] = ['ports', 'volumes'].map((key) =>
    readList(file, fields.get(key), owner),
  );
  if (!image) return undefined;
  return {
    at,
    image,
    ...(credentials && { credentials }),
    env,
    ports,
    volumes,
    ...(options && { options }),
    ...(entrypoint && { entrypoint }),
    ...(command && { command }),
  };
}

function readCredentials(
  file: WorkflowFile,
  entry: Entry | undefined,
  owner: Owner,
): Container['credentials'] | undefined {
  if (!entry) return undefined;
  const keysOf = { of: '`credentials`', known: ['username', 'password'] };
  const fields = file.fieldsOrRefusal(entry, keysOf, 'credentials', owner);
  const username = file.text(fields?.get('username'), '`username`', 'credentials', owner);
  const password = file.text(fields?.get('password'), '`password`', 'credentials', owner);
  return username && password && { username, password };
}

/** Texts, or one expression that yields them. */
function readList(file: WorkflowFile, entry: Entry | undefined, owner: Owner): Template[] {
  if (!entry) return [];
  const text = asText(entry.value);
  if (text !== undefined && isOneExpression(text))
    return [file.text(entry, entry.key, place, owner) ?? []].flat();
  if (!isSeq(entry.value)) file.items(entry.value, `\`${entry.key}\``, entry.keyAt);
  const items: Node[] = isSeq(entry.value) ? (file.items(entry.value, entry.key, entry.keyAt) ?? []) : [];
  return items.flatMap((item) => {
    const template = file.template(item, `an item of \`${entry.key}\``, entry.keyAt);
    return file.checked(template, place, owner) ?? [];
  });
}
