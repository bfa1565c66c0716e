import type { Flag, FlagDocument } from './model.ts';
import { sameJson } from './same-json.ts';
import { targetingText, valueText } from './words.ts';

/** What a change does, a line for each part of it, flags by name; empty when it does nothing. */
export function differences(before: FlagDocument, after: FlagDocument): string[] {
  const keys = [...new Set([...Object.keys(before.flags), ...Object.keys(after.flags)])].toSorted();
  const lines = keys.flatMap((key) => {
    const [old, now] = [own(before.flags, key), own(after.flags, key)];
    if (old === undefined) return now === undefined ? [] : [`${key}: new, ${flagText(now)}`];
    return now === undefined ? [`${key}: removed`] : changesOf(old, now).map((line) => `${key}: ${line}`);
  });
  const rest = [
    ...(sameJson(before.$evaluators, after.$evaluators) ? [] : ['shared rules changed']),
    ...(sameJson(before.metadata, after.metadata) ? [] : ['metadata of the document changed']),
  ];
  const found = [...lines, ...rest];
  return found.length > 0 || sameJson(before, after) ? found : ['what flagd does not read changed'];
}

function flagText(flag: Flag): string {
  const rules = targetingText(flag);
  const state = flag.state === 'ENABLED' ? '' : ', disabled';
  return `${defaultText(flag)} by default${rules === '' ? '' : `, rules: ${rules}`}${state}`;
}

function changesOf(old: Flag, now: Flag): string[] {
  const [oldRules, nowRules] = [targetingText(old), targetingText(now)];
  const rules = sameJson(old.targeting ?? {}, now.targeting ?? {})
    ? []
    : [`rules ${oldRules || 'none'} → ${nowRules || 'none'}`];
  return [
    ...(old.state === now.state ? [] : [now.state === 'ENABLED' ? 'enabled' : 'disabled']),
    ...(defaultText(old) === defaultText(now) ? [] : [`default ${defaultText(old)} → ${defaultText(now)}`]),
    ...rules,
    ...variantChanges(old.variants, now.variants),
    ...(sameJson(unnamedOf(old), unnamedOf(now)) ? [] : ['metadata changed']),
  ];
}

const told: readonly string[] = ['state', 'variants', 'defaultVariant', 'targeting'];

/** What the lines about a flag do not name. */
function unnamedOf(flag: Flag): [string, unknown][] {
  return Object.entries(flag)
    .filter(([key]) => !told.includes(key))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function variantChanges(old: Flag['variants'], now: Flag['variants']): string[] {
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])];
  return names.flatMap((name) => {
    const [was, is] = [own(old, name), own(now, name)];
    if (sameJson(was, is)) return [];
    if (was === undefined) return [`variant ${name} added, ${valueText(is)}`];
    return is === undefined
      ? [`variant ${name} removed`]
      : [`variant ${name} ${valueText(was)} → ${valueText(is)}`];
  });
}

function defaultText({ defaultVariant }: Flag): string {
  return defaultVariant ?? "the code's default";
}

function own<T>(values: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(values, key) ? values[key] : undefined;
}
