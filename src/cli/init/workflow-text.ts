import { stringify } from 'yaml';

/** Lines of a step that runs a command. */
export function runStep(command: string): string[] {
  return [`      - run: ${scalar(command)}`];
}

/** Lines of a step that uses an action. */
export function usesStep(action: string, inputs: Record<string, string> = {}): string[] {
  const lines = Object.entries(inputs).map(([name, value]) => `          ${name}: ${scalar(value)}`);
  return [`      - uses: ${action}`, ...(lines.length > 0 ? ['        with:', ...lines] : [])];
}

/** The text of a workflow with one job. */
export function workflowText(steps: readonly string[]): string {
  return [
    'name: CI',
    '',
    'on:',
    '  push:',
    '  pull_request:',
    '',
    'jobs:',
    '  ci:',
    '    runs-on: ubuntu-latest',
    '    timeout-minutes: 30',
    '    steps:',
    ...usesStep('actions/checkout@v4'),
    ...steps,
    '',
  ].join('\n');
}

/** Text as YAML reads it back as text. */
function scalar(text: string): string {
  return stringify(text, { lineWidth: 0, singleQuote: true }).trimEnd();
}
