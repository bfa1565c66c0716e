/** Labels that a thing must carry; a value null asks only for the name. */
export type LabelFilter = Record<string, string | null>;

/** The filter as the Engine's API takes it. */
export function labelFilter(labels: LabelFilter): { label: string[] } {
  return {
    label: Object.entries(labels).map(([name, value]) => (value === null ? name : `${name}=${value}`)),
  };
}
