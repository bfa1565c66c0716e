import { resolve } from 'node:path';
import { fileInRepository, fileInWorkspace } from './annotations.ts';
import { readMatchers, type MatcherConfig } from './matcher-config.ts';
import type { Problem } from './problem-matchers.ts';
import type { Session } from './session.ts';
import type { Annotation } from './spec.ts';
import { isCommandName, parseWorkflowCommand, type WorkflowCommand } from './workflow-command.ts';

/** Commands whose line is not repeated by `echo on`: they show something themselves, or must not. */
const neverEchoed = new Set(['add-mask', 'debug', 'error', 'warning', 'notice', 'group', 'endgroup']);

/** The level of an annotation, as a word that a matcher found. */
const levels = new Set(['error', 'warning', 'notice']);

/** What commands change: the output of the step that gives them. */
export interface CommandedOutput {
  readonly session: Session;
  readonly outputs: Record<string, string>;
  readonly state: Record<string, string>;
  /** Commands that fail the step. */
  readonly problems: string[];
  show(raw: string): void;
  say(text: string): void;
  warn(text: string): void;
  /** Keeps a line for the end of a failed step. */
  recall(text: string): void;
  annotate(level: Annotation['level'], message: string, properties?: Record<string, string>): void;
}

/**
 * Obeys the workflow commands of one step.
 *
 * @see https://github.com/actions/runner src/Runner.Worker/ActionCommandManager.cs
 */
export class StepCommands {
  /** Environment of the process that talks. */
  env: Record<string, string> = {};
  readonly #output: CommandedOutput;
  #resumeToken: string | undefined;
  #echoes: boolean;

  constructor(output: CommandedOutput) {
    this.#output = output;
    this.#echoes = output.session.debug;
  }

  /** Whether a line was a command; it is no output then. */
  take(raw: string): boolean {
    const command = parseWorkflowCommand(raw, this.#resumeToken);
    if (!command) return false;
    if (this.#resumeToken !== undefined) {
      if (command.name !== this.#resumeToken.toLowerCase()) return false;
      this.#resumeToken = undefined;
      return true;
    }
    if (this.#echoes && !neverEchoed.has(command.name)) this.#output.show(raw);
    try {
      this.#obey(command, raw);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#output.problems.push(`The command '${command.name}' failed: ${reason}`);
    }
    return true;
  }

  #obey(command: WorkflowCommand, raw: string): void {
    const { name, data, properties } = command;
    switch (name) {
      case 'add-mask':
        return this.#addMask(data);
      case 'group':
      case 'endgroup':
        return this.#output.show(`::${name}::${name === 'group' ? data : ''}`);
      case 'error':
      case 'warning':
      case 'notice':
        return this.#annotate(name, command, raw);
      case 'debug':
        if (this.#output.session.debug) this.#output.show(`::debug::${data}`);
        return;
      case 'echo':
        return this.#setEcho(data);
      case 'stop-commands':
        return this.#stopCommands(data);
      case 'set-output':
      case 'save-state':
        return this.#setDeprecated(name, command);
      case 'set-env':
        return this.#setVariable(needed(command), data);
      case 'add-path':
        return this.#addPath(data);
      case 'add-matcher':
        return this.#addMatcher(data);
      case 'remove-matcher':
        return this.#removeMatcher(properties['owner'], data);
      default:
        throw new Error('it is not known');
    }
  }

  #addMask(value: string): void {
    if (value.trim() === '') return this.#output.warn('An empty value cannot be masked.');
    this.#output.session.addMask(value);
    if (this.#echoes) this.#output.show('::add-mask::***');
  }

  #annotate(level: Annotation['level'], { data, properties }: WorkflowCommand, raw: string): void {
    const { file } = properties;
    const { workspace } = this.#output.session.spec.directories;
    const placed = file ? { ...properties, file: fileInWorkspace(file, workspace) } : properties;
    this.#output.annotate(level, data, placed);
    this.#output.show(raw);
    this.#output.recall(`${level}: ${data}`);
  }

  #setEcho(value: string): void {
    const wanted = value.trim().toLowerCase();
    if (wanted !== 'on' && wanted !== 'off') throw new Error(`'${value}' is neither 'on' nor 'off'`);
    this.#echoes = wanted === 'on';
  }

  #stopCommands(token: string): void {
    if (token.trim() === '' || isCommandName(token) || token.toLowerCase() === 'pause-logging')
      throw new Error(`'${token}' cannot be the token: it must not be empty or a command's name`);
    this.#resumeToken = token;
  }

  #setDeprecated(name: 'set-output' | 'save-state', command: WorkflowCommand): void {
    const file = name === 'set-output' ? 'GITHUB_OUTPUT' : 'GITHUB_STATE';
    const key = needed(command);
    (name === 'set-output' ? this.#output.outputs : this.#output.state)[key] = command.data;
    const message = `The \`${name}\` command is deprecated. Write to $${file} instead.`;
    this.#output.annotate('warning', message);
    this.#output.say(message);
  }

  #setVariable(name: string, value: string): void {
    this.#refuseUnlessAllowed('ENV');
    if (name.toUpperCase() === 'NODE_OPTIONS') throw new Error('NODE_OPTIONS may not be set by a step');
    this.#output.session.progress.env[name] = value;
  }

  #addPath(path: string): void {
    this.#refuseUnlessAllowed('PATH');
    if (path === '') throw new Error('the path is empty');
    this.#output.session.addPath(path);
  }

  #refuseUnlessAllowed(file: 'ENV' | 'PATH'): void {
    if (this.env['ACTIONS_ALLOW_UNSECURE_COMMANDS']?.toLowerCase() === 'true') return;
    throw new Error(
      `it is switched off. Write to $GITHUB_${file} instead, or set ACTIONS_ALLOW_UNSECURE_COMMANDS to true.`,
    );
  }

  #addMatcher(file: string): void {
    if (file === '') return this.#output.warn('add-matcher needs the path of a file.');
    this.#output.session.matchers.add(this.#readMatchers(file));
  }

  #removeMatcher(owner: string | undefined, file: string): void {
    if (!owner === (file === ''))
      return this.#output.warn('remove-matcher needs either an owner or the path of a file.');
    const owners = owner ? [owner] : this.#readMatchers(file).map((config) => config.owner);
    for (const one of owners) this.#output.session.matchers.remove(one);
  }

  #readMatchers(file: string): MatcherConfig[] {
    const path = resolve(this.#output.session.spec.directories.workspace, file);
    try {
      return readMatchers(path);
    } catch (error) {
      throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
}

function needed({ properties }: WorkflowCommand): string {
  const { name } = properties;
  if (name) return name;
  throw new Error("it needs a 'name'");
}

/** Makes an annotation of what a matcher found; nothing when it has no message or an unknown severity. */
export function annotateProblem(
  output: CommandedOutput,
  { problem, config }: { problem: Problem; config: MatcherConfig },
): void {
  const { message, file, fromPath, line, column } = problem;
  const level = (problem.severity || config.severity || 'error').toLowerCase();
  if (!message?.trim() || !levels.has(level)) return;
  const { workspace } = output.session.spec.directories;
  const path = file?.trim() ? fileInRepository(file, fromPath, workspace) : null;
  output.annotate(level as Annotation['level'], message, {
    ...(path !== null && { file: path }),
    ...(line && { line }),
    ...(column && { col: column }),
  });
}
