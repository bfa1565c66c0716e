export { escapeHtml } from './escape.ts';
export { htmlPage } from './html-page.ts';
export type {
  Change,
  ChangedCommit,
  ChangedFile,
  FailedRequest,
  Judged,
  Moment,
  Outcome,
  Sequel,
  Share,
  Story,
  Tone,
} from './model.ts';
export { storyPage } from './page.ts';
export { tellStory } from './story.ts';
export { clock, headline, lengthText, nextCommands, requestTexts, stamp } from './words.ts';
