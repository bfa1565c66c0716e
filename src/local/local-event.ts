import type { RunEvent } from '../runs/index.ts';
import type { WorkTree } from '../source/index.ts';
import type { Json } from '../workflow/index.ts';

type Payload = { [key: string]: Json };

/** What an event is made up from. */
export interface EventFacts {
  tree: WorkTree;
  actor: string;
  /** `owner/name` */
  repository: string;
  /** The branch that a pull request asks to be merged into. */
  base: string;
}

/** An event as it is asked for. */
export interface EventWish {
  name: string;
  /** Activity type; absent where the event has none. */
  type?: string;
  /** The line of a schedule. */
  cron?: string;
  /** Given inputs, all text. */
  inputs?: Record<string, string>;
  /** Of the user: wins over everything that is made up. */
  payload: Payload;
}

const nobody = '0'.repeat(40);

/** The event as a run gets it. What only GitHub could know is left out rather than invented. */
export function localEvent(facts: EventFacts, wish: EventWish): RunEvent {
  const { tree, actor } = facts;
  const payload = merged(payloadOf(facts, wish), wish.payload);
  return {
    name: wish.name,
    ref: refOf(facts, wish, payload),
    commit: tree.head.sha,
    actor,
    message: titleOf(tree),
    payload,
  };
}

/** First line of HEAD's message. */
export function titleOf({ head }: WorkTree): string {
  return head.message.split('\n')[0] ?? '';
}

/** The branch that is checked out; with a detached HEAD it is the default one that counts. */
export function branchRef({ ref, defaultBranch }: WorkTree): string {
  return ref ?? `refs/heads/${defaultBranch}`;
}

/** `owner/name` of the repository by its origin, or one that says that it is only here. */
export function repositoryName({ originUrl, root }: WorkTree): string {
  const [, owner, name] = /([\w.-]+)\/([\w.-]+?)(?:\.git)?\/?$/.exec(originUrl ?? '') ?? [];
  if (owner !== undefined && name !== undefined && /[:@]/.test(originUrl ?? '')) return `${owner}/${name}`;
  return `local/${(root.split('/').pop() ?? '').replaceAll(/[^\w.-]/g, '-') || 'repository'}`;
}

const pullRequests = [
  'pull_request',
  'pull_request_target',
  'pull_request_review',
  'pull_request_review_comment',
];

function refOf({ tree, base }: EventFacts, wish: EventWish, payload: Payload): string {
  if (wish.name === 'pull_request_target') return `refs/heads/${base}`;
  if (pullRequests.includes(wish.name)) return `refs/pull/${textOf(payload['number'])}/merge`;
  const named = textOf(wish.payload['ref']);
  if (wish.name === 'release') return tagOf(payload) ?? branchRef(tree);
  if (named.startsWith('refs/')) return named;
  if (named !== '') return `refs/${wish.payload['ref_type'] === 'tag' ? 'tags' : 'heads'}/${named}`;
  return branchRef(tree);
}

function tagOf(payload: Payload): string | null {
  const { release } = payload;
  const tag =
    release !== null && typeof release === 'object' && !Array.isArray(release)
      ? textOf(release['tag_name'])
      : '';
  return tag === '' ? null : `refs/tags/${tag}`;
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function payloadOf(facts: EventFacts, wish: EventWish): Payload {
  const common: Payload = {
    repository: repositoryPayload(facts),
    sender: { login: facts.actor, type: 'User' },
    ...(wish.type === undefined ? {} : { action: wish.type }),
  };
  if (pullRequests.includes(wish.name)) return { ...common, ...pullRequestPayload(facts) };
  const branch = branchRef(facts.tree);
  switch (wish.name) {
    case 'push':
      return { ...common, ...pushPayload(facts) };
    case 'workflow_dispatch':
      return { ...common, ref: branch, inputs: wish.inputs ?? {} };
    case 'schedule':
      return { ...common, schedule: wish.cron ?? '' };
    case 'create':
    case 'delete':
      return { ...common, ref: branch.replace('refs/heads/', ''), ref_type: 'branch' };
    default:
      return common;
  }
}

function repositoryPayload({ repository, tree }: EventFacts): Payload {
  const [owner = '', name = ''] = repository.split('/');
  const url = `https://github.com/${repository}`;
  return {
    name,
    full_name: repository,
    default_branch: tree.defaultBranch,
    owner: { login: owner, name: owner },
    html_url: url,
    clone_url: `${url}.git`,
    private: true,
    fork: false,
  };
}

function pushPayload(facts: EventFacts): Payload {
  const { tree, actor } = facts;
  const commit: Payload = {
    id: tree.head.sha,
    message: tree.head.message,
    timestamp: new Date(tree.head.committedAtMs).toISOString(),
    author: { name: tree.head.author, email: tree.head.authorEmail },
    committer: { name: tree.head.author, email: tree.head.authorEmail },
    distinct: true,
  };
  const before = tree.head.parents[0];
  return {
    ref: branchRef(tree),
    before: before ?? nobody,
    after: tree.head.sha,
    created: before === undefined,
    deleted: false,
    forced: false,
    pusher: { name: actor },
    head_commit: commit,
    commits: [commit],
  };
}

function pullRequestPayload(facts: EventFacts): Payload {
  const { tree, actor, base } = facts;
  const repo = repositoryPayload(facts);
  const number = 1;
  return {
    number,
    pull_request: {
      number,
      state: 'open',
      title: titleOf(tree),
      body: null,
      draft: false,
      merged: false,
      labels: [],
      user: { login: actor, type: 'User' },
      head: { ref: branchRef(tree).replace('refs/heads/', ''), sha: tree.head.sha, repo },
      base: { ref: base, sha: '', repo },
    },
  };
}

/** What is given wins, object by object; lists are taken whole. */
function merged(made: Payload, given: Payload): Payload {
  const result: Payload = { ...made };
  for (const [name, value] of Object.entries(given)) {
    const known = result[name];
    result[name] = isObject(known) && isObject(value) ? merged(known, value) : value;
  }
  return result;
}

function isObject(value: Json | undefined): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
