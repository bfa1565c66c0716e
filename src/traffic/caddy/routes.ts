/** A part of Caddy's configuration. */
export type Json = Readonly<Record<string, unknown>>;

/** How long an upgraded connection outlives the configuration that it came in with; its app mostly ends it before. */
export const streamPatience = '24h';

/** One of Caddy's HTTP routes: handlers for the requests that any of the matchers takes. */
export interface CaddyRoute {
  match?: Json[];
  handle: Json[];
  /** Of all routes of a group, the first that matches counts. */
  group?: string;
  terminal?: boolean;
}

/** Sets variables of a request. */
export function setVars(values: Readonly<Record<string, string>>): Json {
  return { handler: 'vars', ...values };
}

/** Whether a variable or a placeholder has one of these values. */
export function hasValue(name: string, ...values: string[]): Json {
  return { vars: { [name]: values } };
}

/** Whether a variable or a placeholder looks like this; what is captured is found under the name. */
export function looksLike(key: string, pattern: string, name = ''): Json {
  return { vars_regexp: { [key]: { ...(name === '' ? {} : { name }), pattern } } };
}

/** One more field in the line of this request, also of one that breaks off. */
export function logField(key: string, value: string): Json {
  return { handler: 'log_append', key, value, early: true };
}
