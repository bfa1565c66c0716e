import type { Count } from './objective-test.ts';

const most = 1_000_000;

/** `2,790` */
export function number(value: number): string {
  return Math.round(value)
    .toString()
    .replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

/** `0.1 %`; three digits that say something. */
export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

/** `12 of 310 sessions failed on the new revision, 3 of 2,790 on the old` */
export function sideBySide(candidate: Count, stable: Count, what: string): string {
  const [subject, happened] = what.split('|');
  const first = `${number(candidate.bad)} of ${number(candidate.of)} ${subject} ${happened} on the new revision`;
  return `${first}, ${number(stable.bad)} of ${number(stable.of)} on the old`;
}

/** `4,100 : 1`; two digits that say something. */
export function oddsText(odds: number): string {
  if (odds >= most) return `more than ${number(most)} : 1`;
  return `${number(Number(odds.toPrecision(2)))} : 1`;
}

/** Odds from the logarithm of an e-value, as large as can be told. */
export function oddsOf(logarithm: number): number {
  return Math.exp(Math.min(logarithm, Math.log(1e12)));
}
