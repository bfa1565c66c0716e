import { describe, expect, test } from 'vitest';
import {
  loadCompose,
  usualComposeFiles,
  type ComposeInput,
  type ComposeProject,
  type ComposeService,
} from './index.ts';

interface Given {
  files?: string[];
  env?: Record<string, string>;
  profiles?: string[];
}

function load(texts: Record<string, string> | string, given: Given = {}): ComposeProject {
  const sources = typeof texts === 'string' ? { 'compose.yaml': texts } : texts;
  const { files = ['compose.yaml'], env = {}, profiles = [] } = given;
  const read = (path: string) => (Object.hasOwn(sources, path) ? (sources[path as never] as string) : null);
  const result = loadCompose({ files, env, profiles, sources: { read } });
  if (!result.ok) throw new Error(result.findings.map(({ message }) => message).join('\n'));
  return result.value;
}

function service(text: string, given: Given = {}): ComposeService {
  const [first] = load(`services:\n  web:\n    image: web\n${text.replace(/^/gm, '    ')}\n`, given).services;
  if (!first) throw new Error('no service');
  return first;
}

test('a service that says nothing has the defaults of Docker Compose', () => {
  expect(service('')).toEqual({
    name: 'web',
    at: { file: 'compose.yaml', start: { line: 2, column: 3 }, end: { line: 2, column: 6 } },
    image: 'web',
    build: null,
    pullPolicy: null,
    platform: null,
    entrypoint: null,
    command: null,
    workingDir: null,
    user: null,
    groupAdd: [],
    environment: {},
    ports: [],
    expose: [],
    mounts: [],
    networks: { default: { aliases: [] } },
    networkMode: null,
    hostname: null,
    domainname: null,
    dns: [],
    dnsSearch: [],
    extraHosts: [],
    dependsOn: [],
    healthcheck: null,
    restart: { policy: 'no', maxRetries: null },
    stopGraceMs: 10_000,
    stopSignal: null,
    init: false,
    privileged: false,
    readOnly: false,
    capAdd: [],
    capDrop: [],
    securityOpt: [],
    devices: [],
    sysctls: {},
    ulimits: {},
    shmSizeBytes: null,
    pid: null,
    ipc: null,
    oomScoreAdj: null,
    tty: false,
    stdinOpen: false,
    labels: {},
    logging: null,
    limits: { memoryBytes: null, cpus: null, pids: null },
    reservations: { memoryBytes: null, cpus: null },
    deploy: { replicas: null, mode: 'replicated', update: null, rollback: null, labels: {} },
    secrets: [],
    configs: [],
    hooks: { preStart: [], postStart: [], preStop: [] },
    hostConfig: {},
    extensions: {},
  } satisfies ComposeService);
});

describe('places', () => {
  test('of a port, a mount and a service in another file', () => {
    const texts = {
      'compose.yaml':
        'services:\n  web:\n    extends: { file: other/base.yaml, service: base }\n    ports:\n      - "80:80"\n',
      'other/base.yaml': 'services:\n  base:\n    image: a\n    volumes:\n      - ./x:/x\n',
    };
    const [web] = load(texts).services;
    expect(web?.at).toMatchObject({ file: 'compose.yaml', start: { line: 2, column: 3 } });
    expect(web?.ports[0]?.at).toMatchObject({ file: 'compose.yaml', start: { line: 5, column: 9 } });
    expect(web?.mounts[0]).toMatchObject({
      source: 'other/x',
      at: { file: 'other/base.yaml', start: { line: 5 } },
    });
  });
});

describe('variables', () => {
  const tagged = { 'compose.yaml': 'services: { web: { image: "a:${TAG-none}" } }', '.env': 'TAG=dotenv' };

  test('come from .env, and over it from the environment', () => {
    expect(load(tagged).services[0]?.image).toBe('a:dotenv');
    expect(load(tagged, { env: { TAG: 'given' } }).services[0]?.image).toBe('a:given');
  });

  test('are not put into containers unless the file names them', () => {
    expect(load(tagged, { env: { SECRET: 'x' } }).services[0]?.environment).toEqual({});
  });

  test('stand for names without value, and hold markers of secrets as they are', () => {
    const marker = '\u27e6secret:TOKEN\u27e7';
    const web = service('environment: [TOKEN, NONE]\nlabels: { t: "$TOKEN" }', { env: { TOKEN: marker } });
    expect(web.environment).toEqual({ TOKEN: marker, NONE: null });
    expect(web.labels).toEqual({ t: marker });
  });

  test('make numbers and truth values', () => {
    const web = service('init: ${YES}\ncpus: $CPUS\nports: ["${PORT}:80"]', {
      env: { YES: 'true', CPUS: '0.5', PORT: '8080' },
    });
    expect([web.init, web.limits.cpus, web.ports[0]?.published]).toEqual([true, 0.5, 8080]);
  });
});

describe('profiles', () => {
  const text =
    'services:\n  a: { image: a }\n  b: { image: b, profiles: [x] }\n  c: { image: c, profiles: [y] }\n';
  const names = (given: Given) => load(text, given).services.map(({ name }) => name);

  test.each<[Given, string[]]>([
    [{}, ['a']],
    [{ profiles: ['x'] }, ['a', 'b']],
    [{ profiles: ['*'] }, ['a', 'b', 'c']],
    [{ env: { COMPOSE_PROFILES: 'x,y' } }, ['a', 'b', 'c']],
    [{ profiles: ['y'], env: { COMPOSE_PROFILES: 'x' } }, ['a', 'c']],
  ])('%j', (given, expected) => {
    expect(names(given)).toEqual(expected);
  });

  test('what a service of an inactive profile says is not judged', () => {
    expect(
      load('services:\n  a: { image: a }\n  b: { network_mode: "service:a", profiles: [x] }\n').services,
    ).toHaveLength(1);
  });
});

describe('order', () => {
  test('is that of the file where nothing depends on anything', () => {
    expect(
      load('services: { c: {image: x}, a: {image: x}, b: {image: x} }').services.map(({ name }) => name),
    ).toEqual(['c', 'a', 'b']);
  });

  test('puts each service after those it depends on', () => {
    const text =
      'services: { c: {image: x, depends_on: [a]}, a: {image: x, depends_on: [b]}, b: {image: x} }';
    expect(load(text).services.map(({ name }) => name)).toEqual(['b', 'a', 'c']);
  });
});

describe('restarts', () => {
  const loaded = (policy: string, restart = '') => {
    const text = `services: { web: { image: a, deploy: { restart_policy: ${policy} }${restart} } }`;
    const sources = { read: (path: string) => (path === 'compose.yaml' ? text : null) };
    const result = loadCompose({ files: ['compose.yaml'], env: {}, profiles: [], sources });
    if (!result.ok) throw new Error(result.findings.map(({ message }) => message).join('\n'));
    return {
      restart: result.value.services[0]?.restart,
      said: result.warnings.map(({ code, at }) => `${code} ${at?.start.line}:${at?.start.column}`),
    };
  };

  test.each([
    ['{ condition: any, max_attempts: 3 }', 88],
    ['{ max_attempts: 3 }', 72],
  ])('are not counted by the engine unless they follow a failure: %s', (policy, column) => {
    expect(loaded(policy)).toEqual({
      restart: { policy: 'always', maxRetries: null },
      said: [`compose/no-effect 1:${column}`],
    });
  });

  test.each([
    ['{ condition: any }', 'always', null],
    ['{ condition: none }', 'no', null],
    ['{ condition: on-failure, max_attempts: 2 }', 'on-failure', 2],
    ['{ condition: unless-stopped }', 'unless-stopped', null],
  ])('are what deploy says where both say it, as in Docker Compose: %s', (policy, name, maxRetries) => {
    expect(loaded(policy, ', restart: "on-failure:9"')).toEqual({
      restart: { policy: name, maxRetries },
      said: [`compose/no-effect 1:${60 + policy.length}`],
    });
  });

  test('need no word where both say the same', () => {
    expect(loaded('{ condition: none }', ', restart: "no"').said).toEqual([]);
    expect(loaded('{ condition: on-failure, max_attempts: 9 }', ', restart: "on-failure:9"').said).toEqual(
      [],
    );
  });

  test('are counted after failures', () => {
    expect(loaded('{ condition: on-failure, max_attempts: 3 }')).toEqual({
      restart: { policy: 'on-failure', maxRetries: 3 },
      said: [],
    });
  });
});

test('an empty address of a port is none', () => {
  expect(service('ports: [{ target: 80, published: 8080, host_ip: "" }]').ports).toMatchObject([
    { hostIp: null },
  ]);
  expect(service('ports: ["[::]:8080:80", "0.0.0.0:53:53/udp"]').ports).toMatchObject([
    { hostIp: '::' },
    { hostIp: '0.0.0.0', protocol: 'udp' },
  ]);
});

describe('rarely used keys', () => {
  test('are named as the Engine names them', () => {
    const web = service(
      'gpus: all\ncpu_shares: 5\ndns_opt: [a]\nmemswap_limit: -1\nblkio_config: { weight: 300, device_read_bps: [{ path: /dev/sda, rate: 1k }] }',
    );
    expect(web.hostConfig).toEqual({
      BlkioDeviceReadBps: [{ Path: '/dev/sda', Rate: 1024 }],
      BlkioWeight: 300,
      CpuShares: 5,
      DeviceRequests: [{ Driver: '', Count: -1, DeviceIDs: [], Capabilities: [['gpu']], Options: {} }],
      DnsOptions: ['a'],
      MemorySwap: -1,
    });
  });

  test('a seccomp profile is given as its text', () => {
    const texts = {
      'compose.yaml': 'services: { a: { image: a, security_opt: ["seccomp:./p.json"] } }',
      'p.json': '{"x":1}',
    };
    expect(load(texts).services[0]?.securityOpt).toEqual(['seccomp={"x":1}']);
  });

  test("a container's name is another name to reach it by", () => {
    expect(service('container_name: my-web').networks).toEqual({ default: { aliases: ['my-web'] } });
  });

  test('values under x- are kept as they stand', () => {
    expect(service('x-slipway: { role: worker, list: [1, "a", null] }').extensions).toEqual({
      'x-slipway': { role: 'worker', list: [1, 'a', null] },
    });
  });
});

describe('paths', () => {
  test('count from the folder of an included project, and of its project_directory', () => {
    const texts = {
      'compose.yaml': 'include: [a/b/compose.yaml, { path: c/compose.yaml, project_directory: . }]\n',
      'a/b/compose.yaml': 'services: { one: { build: ../ctx, volumes: ["./d:/d"] } }\nsecrets: {}\n',
      'c/compose.yaml':
        'services: { two: { build: ctx, secrets: [s] } }\nsecrets: { s: { file: ./s.txt } }\n',
    };
    const project = load(texts);
    expect(project.services.map(({ build }) => build?.context)).toEqual(['a/ctx', 'ctx']);
    expect(project.services[0]?.mounts[0]).toMatchObject({ source: 'a/b/d' });
    expect(project.secrets).toEqual({ s: { from: 'file', path: 's.txt' } });
  });
});

test.each<[string[], string[]]>([
  [[], []],
  [['docker-compose.yml'], ['docker-compose.yml']],
  [['docker-compose.yml', 'compose.yaml', 'compose.yml'], ['compose.yaml']],
  [
    ['compose.yaml', 'compose.override.yml'],
    ['compose.yaml', 'compose.override.yml'],
  ],
  [
    ['docker-compose.yaml', 'docker-compose.override.yaml'],
    ['docker-compose.yaml', 'docker-compose.override.yaml'],
  ],
  [['compose.override.yaml'], []],
])('of %j the usual ones are %j', (there, usual) => {
  expect(usualComposeFiles((path) => there.includes(path))).toEqual(usual);
});

test('all mistakes of all files come at once, each in its file', () => {
  const sources: Record<string, string> = {
    'a.yaml': 'services:\n  web: { image: 1, nope: 2 }\n',
    'b.yaml': 'services:\n  web: { ports: [x] }\n  db: {}\n',
  };
  const result = loadCompose({
    files: Object.keys(sources),
    env: {},
    profiles: [],
    sources: { read: (path) => sources[path] ?? null },
  });
  const findings = result.ok ? [] : result.findings;
  expect(findings.map(({ code, at }) => `${at?.file}:${at?.start.line} ${code}`)).toEqual([
    'a.yaml:2 compose/wrong-type',
    'a.yaml:2 compose/unknown-key',
    'b.yaml:2 compose/bad-value',
    'b.yaml:3 compose/missing-key',
  ]);
});

describe('the name of the project', () => {
  const text = 'services:\n  a: { image: "${COMPOSE_PROJECT_NAME}/a" }\n';
  const image = (files: Record<string, string>, more: { env?: Record<string, string> } = {}) => {
    const read = (path: string) => files[path] ?? null;
    const input = {
      files: ['compose.yaml'],
      profiles: [],
      env: {},
      sources: { read },
      name: 'shop',
      ...more,
    };
    const result = loadCompose(input);
    return result.ok ? result.value.services[0]?.image : result.findings.map(({ message }) => message);
  };

  test('is that of a variable, else of the file, else of the app', () => {
    expect(image({ 'compose.yaml': text })).toBe('shop/a');
    expect(image({ 'compose.yaml': `name: "media"\n${text}` })).toBe('media/a');
    expect(image({ 'compose.yaml': `name: media\n${text}`, '.env': 'COMPOSE_PROJECT_NAME=dev\n' })).toBe(
      'dev/a',
    );
    expect(image({ 'compose.yaml': text }, { env: { COMPOSE_PROJECT_NAME: 'live' } })).toBe('live/a');
  });
});

describe('the files of the project', () => {
  const text = (image: string) => `services:\n  a: { image: "${image}" }\n`;
  const load = (files: Record<string, string>, more: Partial<ComposeInput> = {}) => {
    const sources = { read: (path: string) => files[path] ?? null };
    const result = loadCompose({ files: null, profiles: [], env: {}, sources, ...more });
    const said = (result.ok ? result.warnings : result.findings).map(({ message, at }) => ({
      message,
      line: `${at?.file}:${at?.start.line}`,
    }));
    return { images: result.ok ? result.value.services.map(({ image }) => image) : null, said };
  };
  const there = {
    'compose.yaml': text('usual'),
    'compose.override.yaml': text('override'),
    'deploy/live.yaml': text('${TAG}'),
    'deploy/.env': 'TAG=deployed\n',
  };

  test('are the usual ones with their override, where nothing names others', () => {
    expect(load(there).images).toEqual(['override']);
    expect(load({}).said).toEqual([
      { message: 'there is no Compose file at the root', line: 'compose.yaml:1' },
    ]);
  });

  test('are those of COMPOSE_FILE: of a variable, else of .env, and their folder has variables of its own', () => {
    const dotEnv = { ...there, '.env': 'COMPOSE_FILE=./deploy/live.yaml\n' };
    expect(load(dotEnv).images).toEqual(['deployed']);
    expect(load({ ...dotEnv, '.env': `${dotEnv['.env']}TAG=root\n` }).images).toEqual(['root']);
    expect(load(dotEnv, { env: { COMPOSE_FILE: 'compose.yaml' } }).images).toEqual(['usual']);
  });

  test('are those that slipway.yml names, and a note says so when .env names others', () => {
    const dotEnv = { ...there, '.env': 'A=1\nCOMPOSE_FILE=deploy/live.yaml\n' };
    expect(load(dotEnv, { files: ['compose.yaml'] })).toEqual({
      images: ['usual'],
      said: [{ message: 'COMPOSE_FILE is not looked at: compose.yaml is read', line: '.env:2' }],
    });
    expect(load(dotEnv, { files: ['deploy/live.yaml'] })).toEqual({ images: ['deployed'], said: [] });
  });
});
