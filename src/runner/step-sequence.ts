import type { DeployRequest } from '../runs/index.ts';
import type { Step } from '../workflow/index.ts';
import type { Control } from './control.ts';
import { concludeStep, runStep } from './run-step.ts';
import type { Session } from './session.ts';
import { Slots } from './slots.ts';
import type { StepOutcome } from './spec.ts';
import { isDue } from './step-definition.ts';
import { StepOutput } from './step-output.ts';
import type { StepPlace } from './step-run.ts';
import { attempt, describe } from './step-work.ts';

/** GitHub's; further ones wait for their turn. */
const mostInBackground = 10;

/** A step that runs, or ran, while the job went on. */
interface BackgroundStep {
  place: StepPlace;
  /** Where its variables and its outputs gather until it is waited for. */
  session: Session;
  control: Control;
  ended: Promise<void>;
  /** Its variables, path and outputs count in the job. */
  joined: boolean;
}

/**
 * Runs the steps of a job one after another, those in the background beside the others. What a background step sets
 * counts from the `wait` for it on; so does its failure, which is that of the `wait`. What nobody has waited for is
 * waited for before the post steps.
 *
 * @see https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
 * @see https://github.com/actions/runner src/Runner.Worker/BackgroundStepCoordinator.cs
 */
export class StepSequence {
  readonly #session: Session;
  readonly #control: Control;
  readonly #slots = new Slots(mostInBackground);
  /** By index of the step. */
  readonly #background = new Map<number, BackgroundStep>();

  constructor(session: Session, control: Control) {
    this.#session = session;
    this.#control = control;
  }

  /** @returns A request when the step asks for a rollout; what runs in the background has ended then. */
  async run(place: StepPlace): Promise<DeployRequest | null> {
    const { step } = place;
    if (step.kind === 'wait') await this.#conduct(place, () => this.#wait(place, step));
    else if (step.kind === 'cancel') await this.#conduct(place, () => this.#cancel(place, step));
    else if (step.background) this.#start(place);
    else {
      const park = await runStep({ session: this.#session, control: this.#control, place });
      if (park) await this.end();
      return park;
    }
    return null;
  }

  /** Waits for what is still in the background; a failure of any of them is one of the job. */
  async end(): Promise<void> {
    for (const one of this.#background.values()) {
      await one.ended;
      this.#join(one);
      const { conclusion } = one.place.report;
      if (conclusion === 'failure') this.#session.job.frame.absorb(conclusion);
    }
  }

  #start(place: StepPlace): void {
    const session = this.#session.fork();
    const control = this.#control.fork();
    control.onCancel = () => {
      session.progress.status = 'cancelled';
    };
    const own = { ...place, frame: session.job.frame };
    const ended = this.#slots.during(() => this.#perform(own, session, control));
    this.#background.set(place.index, { place: own, session, control, ended, joined: false });
  }

  async #perform(place: StepPlace, session: Session, control: Control): Promise<void> {
    try {
      if (control.cancelled) {
        concludeStep(session, place, { outcome: 'cancelled', outputs: {} });
        return;
      }
      const park = await runStep({ session, control, place });
      if (park) fail(session, place, 'A step in the background cannot ask for a rollout.');
    } catch (error) {
      fail(session, place, `internal error: ${describe(error)}`);
    } finally {
      control.release();
      this.#session.saveReport();
    }
  }

  /** Runs a step that has no work of its own. */
  async #conduct(place: StepPlace, work: () => Promise<StepOutcome>): Promise<void> {
    const { step, report } = place;
    // Without it, what a `cancel` should end would hold a job that has failed before.
    const always = step.kind === 'cancel' && !step.if;
    const due = attempt(() => always || isDue(step, this.#session.scope(place)));
    if (!due.ok) return fail(this.#session, place, due.message);
    if (!due.value) return concludeStep(this.#session, place, { outcome: 'skipped', outputs: {} });
    report.startedAtMs = Date.now();
    this.#session.saveReport();
    const outcome = await work();
    concludeStep(this.#session, place, { outcome, outputs: {} });
  }

  async #wait(place: StepPlace, step: Extract<Step, { kind: 'wait' }>): Promise<StepOutcome> {
    const all = step.steps === 'all' ? this.#unjoined() : step.steps.map((at) => this.#background.get(at));
    const awaited = all.filter((one) => one !== undefined);
    const output = new StepOutput(this.#session, place.index);
    const names = awaited.map((one) => `"${one.place.report.name}"`).join(', ');
    output.say(names === '' ? 'Nothing runs in the background.' : `Waiting for ${names}.`);
    for (const one of awaited) {
      await one.ended;
      this.#join(one);
      output.say(`"${one.place.report.name}": ${one.place.report.conclusion ?? 'unknown'}`);
    }
    return worstOf(awaited.map((one) => one.place.report.conclusion));
  }

  #unjoined(): BackgroundStep[] {
    return [...this.#background.values()].filter((one) => !one.joined);
  }

  async #cancel(place: StepPlace, step: Extract<Step, { kind: 'cancel' }>): Promise<StepOutcome> {
    const one = this.#background.get(step.step);
    const output = new StepOutput(this.#session, place.index);
    if (!one) {
      output.say('Nothing to cancel: the step was not started.');
      return 'success';
    }
    one.control.stop('asked');
    await one.ended;
    this.#join(one);
    output.say(`"${one.place.report.name}": ${one.place.report.conclusion ?? 'unknown'}`);
    return 'success';
  }

  /** From now on its variables, path and outputs are those of the job. */
  #join(one: BackgroundStep): void {
    if (one.joined) return;
    one.joined = true;
    this.#session.join(one.session);
  }
}

function fail(session: Session, place: StepPlace, message: string): void {
  const output = new StepOutput(session, place.index);
  output.say(message);
  place.report.startedAtMs ??= Date.now();
  place.report.error = { message: session.masks.apply(message), lastLines: [], at: place.step.at };
  concludeStep(session, place, { outcome: 'failure', outputs: {} });
}

/** Precedence: failure, cancelled, success; a step that was skipped is fine. */
function worstOf(conclusions: (StepOutcome | null)[]): StepOutcome {
  return (['failure', 'cancelled'] as const).find((outcome) => conclusions.includes(outcome)) ?? 'success';
}
