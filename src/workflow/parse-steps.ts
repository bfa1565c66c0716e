import { isSeq, type Node } from 'yaml';
import type { Span } from '../diagnostics/index.ts';
import type { Owner, WorkflowFile } from './file.ts';
import type { Step, Template } from './model.ts';
import { meant } from './meant.ts';
import { brokenStep, readCommon, readStepFields, readWorkingStep, type StepFields } from './parse-step.ts';
import type { Entry } from './reader.ts';
import type { StepRules } from './step-rules.ts';
import { isEmpty, peekText } from './nodes.ts';

/**
 * Reads `steps`, of a job or of a composite action. A broken step keeps its place as an empty script.
 *
 * `parallel` groups come out as their steps, in the background, and a `wait` for them.
 *
 * @param at - Where to point when there is no better place.
 */
export function parseSteps(file: WorkflowFile, entry: Entry | undefined, rules: StepRules, at: Span): Step[] {
  const list = new StepList(file, rules);
  for (const item of entry ? (file.items(entry.value, '`steps`', entry.keyAt) ?? []) : []) list.add(item, at);
  return list.steps;
}

/** The steps read so far, which `wait` and `cancel` may name. */
class StepList {
  readonly steps: Step[] = [];
  private readonly file: WorkflowFile;
  private readonly rules: StepRules;
  /** Index of each step that can be waited for; those of a `parallel` group have been. */
  private readonly byId = new Map<string, number>();

  constructor(file: WorkflowFile, rules: StepRules) {
    this.file = file;
    this.rules = rules;
  }

  add(node: Node, at: Span): void {
    const found = readStepFields(this.file, node, this.rules, at);
    if (found?.kind === 'parallel') {
      this.addGroup(found.main);
      return;
    }
    const index = this.steps.length;
    const step = found ? this.read(found) : brokenStep(node, this.file.at(node, at));
    this.steps.push(step);
    if (step.id !== undefined && !this.byId.has(step.id)) this.byId.set(step.id, index);
  }

  private read(found: StepFields): Step {
    const owner = this.owner();
    if (found.kind === 'run' || found.kind === 'uses')
      return readWorkingStep(this.file, found, this.rules, owner);
    const common = readCommon(this.file, found, this.rules, owner);
    if (found.kind === 'wait') return { ...common, kind: 'wait', steps: this.waited(found) };
    if (found.kind === 'cancel') {
      const step = this.target(this.file.text(found.main, '`cancel`', 'fixedText'), found);
      return step === undefined
        ? { ...common, kind: 'wait', steps: [] }
        : { ...common, kind: 'cancel', step };
    }
    this.checkWaitAll(found.main);
    return { ...common, kind: 'wait', steps: 'all' };
  }

  private owner(): Owner {
    return { ...this.rules.owner, stepIndex: this.steps.length };
  }

  private waited(found: StepFields): number[] {
    const targets = this.file.templates(found.main.value, '`wait`', found.main.keyAt);
    return targets.flatMap((target) => {
      const checked = this.file.checked(target, 'fixedText', {});
      return this.target(checked, found) ?? [];
    });
  }

  /** Index of the background step that a `wait` or `cancel` names. */
  private target(name: Template | undefined, { fields, kind }: StepFields): number | undefined {
    if (!name || name.text.includes('${{')) return undefined;
    const index = this.byId.get(name.text);
    if (index === undefined) {
      const own = peekText(fields.get('id')?.value) === name.text;
      this.unknownTarget(name, own ? `\`${kind}\` names its own step` : undefined);
    } else if (!this.steps[index]?.background) {
      const message = `step "${name.text}" does not run in the background, so it has ended before this`;
      const help = 'give it `background: true`';
      this.file.report('warning', 'no-effect', message, name.at, { help });
      return undefined;
    }
    return index;
  }

  private unknownTarget(
    { text, at }: Template,
    message = `no step before this one has the id "${text}"`,
  ): void {
    if (this.steps.some(({ id }) => id === text)) {
      const inGroup = `step "${text}" is of a \`parallel\` group, which has waited for it`;
      this.file.error('unknown-step', inGroup, at, { help: 'remove it' });
      return;
    }
    const known = [...this.byId].flatMap(([id, index]) => (this.steps[index]?.background ? [id] : []));
    this.file.error('unknown-step', message, at, {
      notes: [`background steps before it: ${known.map((id) => `"${id}"`).join(', ') || 'none'}`],
      help: meant(text, known) ?? 'start that step further up, with an `id:` and `background: true`',
    });
  }

  private checkWaitAll(main: Entry): void {
    if (isEmpty(main.value)) return;
    const flag = this.file.flag(main, 'fixedText', {});
    if (flag?.text !== 'false') return;
    const help = 'write `wait-all:`, or remove the step';
    this.file.error('invalid-value', '`wait-all` is true or says nothing', flag.at, { help });
  }

  private addGroup(main: Entry): void {
    const first = this.steps.length;
    const rules: StepRules = {
      ...this.rules,
      kinds: ['run', 'uses'],
      where: 'a `parallel` group',
      without: ['background'],
    };
    if (!isSeq(main.value)) this.file.items(main.value, '`parallel`', main.keyAt);
    else
      for (const item of this.file.items(main.value, '`parallel`', main.keyAt) ?? []) {
        const found = readStepFields(this.file, item, rules, main.keyAt);
        const step = found
          ? readWorkingStep(this.file, found, rules, this.owner())
          : brokenStep(item, main.keyAt);
        this.steps.push({ ...step, background: true });
      }
    const group = this.steps.slice(first).map((_step, offset) => first + offset);
    if (group.length > 0) this.steps.push({ kind: 'wait', steps: group, env: {}, at: main.keyAt });
  }
}
