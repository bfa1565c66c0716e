import { pageBackend } from './backends.ts';
import type { ConfigParts } from './config-parts.ts';

/**
 * The generic cell rate algorithm, as the embedded router has it: `txn.due` is when the next request would be in time,
 * kept in the table by client. Times are in 100 µs since a moment that passes every five days.
 */
export function limitRules({ paths, shape }: ConfigParts): string[] {
  if (!shape.limits) return [];
  const limited = '{ var(txn.flags) -m sub limited }';
  const fact = (name: string) => `str(${name}:),concat(,txn.scope),map_str(${paths.maps.facts})`;
  return [
    `http-request set-var(txn.client) src,ipmask(32,64) if ${limited}`,
    `http-request track-sc0 str(),concat(,txn.scope),concat(:,txn.client) table slipway_limits if ${limited}`,
    `http-request set-var(txn.interval) ${fact('interval')},add(0) if ${limited}`,
    `http-request set-var(txn.tolerance) ${fact('tolerance')},add(0) if ${limited}`,
    `http-request set-var(txn.now) date(0,us),div(100),mod(4294967296) if ${limited}`,
    `http-request set-var(txn.due) sc0_get_gpt0 if ${limited}`,
    // HAProxy subtracts rightly from what is not negative only: each difference is one step from positive numbers.
    `http-request set-var(txn.latest) var(txn.now),add(txn.tolerance) if ${limited}`,
    `http-request set-var(txn.beyond) var(txn.latest),add(txn.interval) if ${limited}`,
    `http-request set-var(txn.early) var(txn.due),sub(txn.now) if ${limited}`,
    // Due later than any request can be: the clock has passed its end since.
    `http-request set-var(txn.far) var(txn.due),sub(txn.beyond) if ${limited}`,
    `http-request set-var(txn.due) var(txn.now) if ${limited} { var(txn.early) -m int lt 0 }`,
    `http-request set-var(txn.due) var(txn.now) if ${limited} { var(txn.far) -m int gt 0 }`,
    `http-request set-var(txn.wait) var(txn.due),sub(txn.latest) if ${limited}`,
    `http-request set-var(txn.retry) var(txn.wait),div(10000),add(1) if ${limited}`,
    `http-request set-var(txn.to) str(${pageBackend('tooMany')}) if ${limited} { var(txn.wait) -m int gt 0 } !{ var(txn.to) -m found }`,
    `http-request sc-set-gpt0(0) var(txn.due),add(txn.interval) if ${limited} !{ var(txn.to) -m found }`,
  ];
}
