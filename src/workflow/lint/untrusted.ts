import type { Expression } from '../../expressions/index.ts';
import { namesUsed } from '../../expressions/index.ts';

/**
 * Parts of the context `github` that anyone may fill, by opening an issue or a pull request. `*` stands for any key.
 *
 * @see https://docs.github.com/actions/security-for-github-actions/security-guides/security-hardening-for-github-actions#understanding-the-risk-of-script-injections
 */
const paths = [
  'head_ref',
  'event.issue.title',
  'event.issue.body',
  'event.pull_request.title',
  'event.pull_request.body',
  'event.pull_request.head.ref',
  'event.pull_request.head.label',
  'event.pull_request.head.repo.default_branch',
  'event.comment.body',
  'event.review.body',
  'event.review_comment.body',
  'event.discussion.title',
  'event.discussion.body',
  'event.pages.*.page_name',
  'event.commits.*.message',
  'event.commits.*.author.email',
  'event.commits.*.author.name',
  'event.head_commit.message',
  'event.head_commit.author.email',
  'event.head_commit.author.name',
  'event.workflow_run.head_branch',
  'event.workflow_run.head_commit.message',
  'event.workflow_run.head_commit.author.email',
  'event.workflow_run.head_commit.author.name',
  'event.workflow_run.head_repository.description',
  'event.workflow_run.pull_requests.*.head.ref',
].map((path) => path.split('.'));

/** What in an expression's value a stranger may have written, as `github.event.issue.title`; undefined when nothing. */
export function untrustedPart(expression: Expression): string | undefined {
  for (const source of valueSources(expression)) {
    for (const { context, path } of namesUsed(source).references) {
      if (context === 'github' && paths.some((known) => reaches(path, known)))
        return ['github', ...path.map((key) => key ?? '*')].join('.');
    }
  }
  return undefined;
}

/** Whether a path leads to a known one, or to an object that holds it: `toJSON(github.event)` prints all of it. */
function reaches(path: (string | null)[], known: string[]): boolean {
  if (path.length === 0) return true;
  return path.length <= known.length && path.every((key, index) => keyMatches(key, known[index]));
}

function keyMatches(key: string | null, known: string | undefined): boolean {
  return key === null || known === '*' || key.toLowerCase() === known;
}

/** The parts of an expression whose text ends up in its value: comparisons and tests yield true or false only. */
function valueSources(expression: Expression): Expression[] {
  const { kind } = expression;
  if (kind === 'comparison' || kind === 'not' || kind === 'literal') return [];
  if (kind === 'logical') {
    // Of `a && b` the last shows; what stands before it shows only where it is false or empty.
    const shown = expression.operator === '&&' ? expression.operands.slice(-1) : expression.operands;
    return shown.flatMap((operand) => valueSources(operand));
  }
  if (kind !== 'call') return [expression];
  const harmless = [
    'contains',
    'startsWith',
    'endsWith',
    'hashFiles',
    'success',
    'failure',
    'always',
    'cancelled',
  ];
  return harmless.includes(expression.name) ? [] : expression.args.flatMap((arg) => valueSources(arg));
}
