export { type Media, type MediaKind, type MediaPage, type NewMedia, mediaKinds } from './media.ts';
export { type FieldError, type Validated, validateNewMedia, validateStars } from './validation.ts';
export { version } from './version.ts';
