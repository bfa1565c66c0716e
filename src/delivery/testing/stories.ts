import { History, type Move } from './history.ts';

/*
 * A story is one thing under way in an environment. It is played once to find its moments; then again and again, up to
 * each of them, with something happening there.
 */

/** What is under way, and how it ends when nothing disturbs it. */
export interface Story {
  name: string;
  /** What is done in an environment where r1 serves. */
  begin: Move[];
  /** What serves in the end. */
  ends: string;
  /** Moments that it must come through, so that none is believed to be covered and is not. */
  through: string[];
  /** Done before, each with a rest after it. */
  before: Move[];
  /** The only machine on which releases misbehave; all unless told. */
  illOn?: string | null;
  /** How many looks its tasks run; a few unless told. */
  taskLooks?: number;
}

const longestStory = 400;

/** So many looks in a row. */
export function goOnFor(looks: number): Move {
  return { kind: 'go-on', looks, crashes: false };
}

async function begun({ before, begin, illOn = null, taskLooks = 2 }: Story): Promise<History> {
  const history = new History(17);
  history.world.taskLooks = taskLooks;
  history.world.illOn = illOn;
  for (const move of before) {
    await history.play(move);
    await history.rest();
  }
  for (const move of begin) await history.play(move);
  return history;
}

/** One look of a story. */
export interface Moment {
  step: number;
  name: string;
  /** The rollout has just come here. */
  isNew: boolean;
  effects: number;
}

/** People are slow: they say yes now and then. */
const approvalEvery = 12;

async function goOnce(history: History, step: number): Promise<void> {
  if (step % approvalEvery === approvalEvery - 1)
    await history.play({ kind: 'say', verb: 'approve', by: 'lena', full: false });
  if (step % approvalEvery === 0 && history.state.rollout?.paused)
    await history.play({ kind: 'say', verb: 'resume', by: 'lena', full: false });
  await history.step();
}

/** All looks of a story that nothing disturbs. */
export async function momentsOf(story: Story): Promise<Moment[]> {
  const history = await begun(story);
  const moments: Moment[] = [];
  for (let step = 0; step < longestStory; step++) {
    const name = history.moment;
    if (step > 5 && name === 'rest') return moments;
    moments.push({ step, name, isNew: moments.at(-1)?.name !== name, effects: history.effectsDue });
    await goOnce(history, step);
  }
  throw new Error(`it does not end: ${history.moment}`);
}

/** What comes of a story in which something happens at one of its looks. */
export async function whenAt(story: Story, step: number, moves: Move[]): Promise<History> {
  const history = await begun(story);
  for (let i = 0; i < step; i++) await goOnce(history, i);
  for (const move of moves) await history.play(move);
  await history.rest();
  return history;
}

/**
 * The story with a server that dies twice in a row at each of its moments: before any effect, after each of them, and
 * each time before its commit.
 */
export async function* afterEachCrash(story: Story): AsyncGenerator<{ where: string; history: History }> {
  const all = await momentsOf(story);
  const missed = story.through.find(
    (name) => !all.some((moment) => `${moment.name} `.startsWith(`${name} `)),
  );
  if (missed !== undefined) throw new Error(`the story does not come through ${missed}`);
  for (const { step, name, effects } of all.filter(({ effects, isNew }) => isNew || effects > 0)) {
    for (let done = 0; done <= effects; done++) {
      const crash: Move = { kind: 'tick', crashAfterEffects: done, loseCommit: true };
      yield { where: `${name}, after ${done} effects`, history: await whenAt(story, step, [crash, crash]) };
    }
  }
}
