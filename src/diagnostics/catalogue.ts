/** What a code of a finding stands for, for docs/errors.md. */
export interface CodeEntry {
  /** One sentence. */
  means: string;
  /** What its reader does next; the finding itself says more where it knows more. */
  todo: string;
}

/** The codes of one room, without the room's name. Tests hold it against the sources in both directions. */
export type Catalogue = Readonly<Record<string, CodeEntry>>;
