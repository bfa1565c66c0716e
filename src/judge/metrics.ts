import type { JudgeDefinition, MetricDefinition } from '../app/index.ts';
import type { Evidence, MetricRecord } from './model.ts';
import { number } from './words.ts';

/** What one reading gave. */
export interface Reading {
  candidate: number | null;
  stable: number | null;
  trouble: string | null;
  machine?: string;
}

/** Adds a reading to those before. One without a value is neither good nor bad: the row of bad ones goes on behind it. */
export function addReading(
  definition: MetricDefinition,
  before: MetricRecord | null,
  reading: Reading,
): MetricRecord {
  const { name } = definition;
  const known = before ?? { name, readings: 0, past: 0, candidate: null, stable: null, trouble: null };
  const { candidate, stable } = reading;
  if (candidate === null) return { ...known, trouble: reading.trouble ?? 'it gave no value' };
  if (!Number.isFinite(candidate) || !Number.isFinite(stable ?? 0))
    return { ...known, trouble: 'it gave no finite number' };
  const bounds = pastBounds(definition, candidate, stable);
  if (bounds === null) return { ...known, trouble: notComparable(stable) };
  return {
    name,
    readings: known.readings + 1,
    past: bounds.length > 0 ? known.past + 1 : 0,
    candidate,
    stable,
    trouble: null,
    ...(reading.machine === undefined ? {} : { machine: reading.machine }),
  };
}

function notComparable(stable: number | null): string {
  if (stable === null) return 'there is no value of the old revision to compare with';
  return "the old revision's value is 0, of which nothing else is a multiple";
}

/** Bounds that a value is past, as words; null when none could be asked. */
function pastBounds(
  { source, below, above, times }: MetricDefinition,
  candidate: number,
  stable: number | null,
): string[] | null {
  const told = (value: number) => valueText(source, value);
  const comparable = stable !== null && (stable !== 0 || candidate === 0);
  const found = [
    below !== null && candidate >= below ? `it must be below ${told(below)}` : null,
    above !== null && candidate <= above ? `it must be above ${told(above)}` : null,
    times !== null && comparable && candidate > times * stable
      ? `at most ${times} times the old revision's is allowed`
      : null,
  ];
  if (below === null && above === null && !comparable) return null;
  return found.filter((one) => one !== null);
}

/** What the readings of each metric say. */
export function metricEvidence(rules: JudgeDefinition, records: readonly MetricRecord[]): Evidence[] {
  return rules.metrics.map((definition) => {
    const record = records.find(({ name }) => name === definition.name);
    return {
      about: 'metric',
      name: definition.name,
      odds: null,
      counts: null,
      ...judged(definition, record ?? null),
    };
  });
}

function judged(definition: MetricDefinition, record: MetricRecord | null): Pick<Evidence, 'says' | 'text'> {
  const { name, source, failures } = definition;
  if (!record) return { says: 'open', text: `${name} was not read yet` };
  const { candidate, stable, past, readings, trouble, machine } = record;
  if (candidate === null) return { says: 'unknown', text: `${name}: ${trouble}` };
  const beside = stable === null ? '' : `, ${valueText(source, stable)} on the old`;
  const place = machine === undefined || past === 0 ? '' : ` (${machine})`;
  const seen = `${name} was ${valueText(source, candidate)} on the new revision${place}${beside}`;
  if (past >= failures) {
    const bounds = pastBounds(definition, candidate, stable) ?? [];
    return { says: 'harm', text: `${seen}; ${bounds.join(' and ')} (${past} readings in a row)` };
  }
  if (trouble !== null) return { says: 'unknown', text: `${seen}, and then ${trouble}` };
  return { says: past === 0 && readings >= failures ? 'good' : 'open', text: seen };
}

function valueText(source: MetricDefinition['source'], value: number): string {
  if (source.kind === 'resource')
    return source.of === 'memory' ? `${number(value / 2 ** 20)} MiB` : `${short(value)} ms a request`;
  return source.kind === 'log' ? `${short(value)} lines a minute` : short(value);
}

function short(value: number): string {
  return Math.abs(value) >= 1_000 ? number(value) : String(Number(value.toPrecision(3)));
}
