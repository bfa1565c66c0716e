/** One way of updating the app on a machine, from its first version on. */
export interface Contender {
  name: string;
  /** Name of its app, by which its copies are known. */
  app: string;
  /** One line: what runs, and behind what. */
  what: string;
  /** Where users reach the app. */
  port: number;
  /** Waits that its configuration asks for, beyond the start of the app. */
  waitsMs: number;
  /** How many starts of the app come one after the other in an update. */
  startsInTurn: number;
  /** What its own processes have in their arguments or environment; their children count, too. */
  mark: string;
  /** Brings the first version up; returns when users are answered by it. */
  begin(version: number): Promise<void>;
  /**
   * Returns when the tool says that it is done. @throws when it fails
   *
   * @returns How long the update of the app itself took in it, where the command does more than that; in milliseconds.
   */
  update(version: number): Promise<number | null>;
  end(): Promise<void>;
}
