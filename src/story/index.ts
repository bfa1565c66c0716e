export { escapeHtml } from './escape.ts';
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
export { pageStyle, storyPage } from './page.ts';
export { tellStory } from './story.ts';
export { headline, lengthText, stamp } from './words.ts';
