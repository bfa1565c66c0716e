export type {
  Change,
  ChangedCommit,
  ChangedFile,
  Moment,
  Outcome,
  Sequel,
  Share,
  Story,
  Tone,
} from './model.ts';
export { storyPage } from './page.ts';
export { tellStory } from './story.ts';
export { headline, lengthText, stamp } from './words.ts';
