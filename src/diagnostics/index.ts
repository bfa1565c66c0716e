export type { Catalogue, CodeEntry } from './catalogue.ts';
export { CodedError, unreachable } from './finding.ts';
export type { Finding, Position, Result, Severity, Span } from './finding.ts';
export { renderFinding, renderFindings } from './render.ts';
export type { Sources } from './render.ts';
export { didYouMean } from './suggest.ts';
