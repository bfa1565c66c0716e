import { Option, type Command } from 'commander';
import type { Add } from './command.ts';

/** Commands about the repository's files and this machine; they run no job. */
export function addFileCommands(program: Command, add: Add): void {
  add(program, 'eval [expression]', {
    summary: 'evaluate an expression of the workflow language',
    more: 'The expression stands bare, inside one ${{ }}, or is text with several ${{ }}. Contexts that are not given are null; env alone minds upper and lower case. The status functions go by job.status of the contexts, and without it as if all went well; hashFiles looks at the files here. Text is printed as it is, anything else as JSON. With --stdin, each line is a JSON object {"expr": "…", "contexts": {…}}, contexts under any names, and is answered by a line {"value": …} or {"error": "…"}; NaN and the infinities are the texts "NaN", "Infinity" and "-Infinity" there and with --json. An expression that starts with a dash stands after "--".',
    examples: ['slipway eval github.ref --context contexts.yml', 'slipway eval --stdin < expressions.jsonl'],
    load: async () => (await import('./commands/eval.ts')).evaluateCommand,
    server: 'none',
  })
    .option('--context <file>', 'JSON or YAML with the contexts: {"github": {…}, "env": {…}}')
    .option('--stdin', 'read one JSON object a line, and write one for each');
  const graph = add(program, 'graph [file...]', {
    summary: 'draw the jobs of the workflows',
    more: 'Of the files named, or of all workflows here, as they lie on disk. A job stands below the last job that it needs; ×6 is a matrix of six, ×? one that only the run can count; jobs of a called workflow stand below their caller.',
    examples: ['slipway graph', 'slipway graph .github/workflows/ci.yml --format mermaid'],
    load: async () => (await import('./commands/graph.ts')).graph,
    server: 'none',
  });
  graph.addOption(
    new Option('--format <format>', 'how to draw')
      .choices(['text', 'mermaid', 'dot', 'json'])
      .default('text'),
  );
  add(program, 'doctor', {
    summary: 'check what Slipway needs of this machine and this repository',
    more: 'Looks at Node, git, shells, Docker, the disk, the home of the server, the server, and the workflows here; changes nothing. Exit code 1 says that something cannot work.',
    examples: ['slipway doctor', 'slipway doctor --json'],
    load: async () => (await import('./commands/doctor.ts')).doctor,
    server: 'local',
  });
  add(program, 'init', {
    summary: 'write what a repository lacks: a workflow, a Procfile',
    more: 'Looks at package.json, lock files, pyproject.toml, requirements.txt and manage.py; shows what it would write and asks. Files that are there are never changed.',
    examples: ['slipway init --dry-run', 'slipway init --yes'],
    load: async () => (await import('./commands/init.ts')).init,
    server: 'none',
  })
    .option('-y, --yes', 'write without asking')
    .option('--dry-run', 'only show');
}
