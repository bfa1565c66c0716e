import type { ComposeApp, ServiceRole } from '../../app/index.ts';
import type { EnvironmentState, SharedService } from '../../delivery/index.ts';
import type { IgnoreFiles } from './build-files.ts';

/** What a rollout of a Compose app would do to one environment. Pure data, for people and `--json`. */
export interface Forecast {
  services: ServiceForecast[];
  /** In order, one sentence each. */
  steps: string[];
  /** Those of the environment, then those that it leaves. */
  machines: MachineForecast[];
  /** Empty: no request fails and no work pauses. */
  downtime: Downtime[];
}

/** One service of the Compose file, or one that runs and is no longer in it. */
export interface ServiceForecast {
  name: string;
  /** Null for one that is no longer in the file. */
  role: ServiceRole | null;
  /** Why it has this role. */
  reason: string;
  copies: number;
  /**
   * `new`: starts for the first time. `changed`, `same`: against what runs; a new revision starts its copies either way.
   * `kept`: shared, its definition differs from what runs, and a rollout leaves it alone. `gone`: no longer in the file.
   */
  change: 'new' | 'changed' | 'same' | 'kept' | 'gone';
  /** What differs, and what is left out: `image shop:1 → shop:2`. */
  notes: string[];
}

/** What becomes of one machine of the environment. */
export interface MachineForecast {
  /** `here`, or as ssh takes it. */
  name: string;
  /** Against what serves. `gone`: its copies end with the old revision. */
  change: 'new' | 'same' | 'gone';
  /** Why a rollout would be refused for its sake; null when nothing stands in the way. */
  problem: string | null;
  /** Services that run there. */
  services: string[];
  surge: Surge;
  free: Free;
}

/** What nobody uses now; null where nobody can say. */
export interface Free {
  memoryBytes: number | null;
  diskBytes: number | null;
}

/** What is needed beside what runs already, while two revisions run. */
export interface Surge {
  /** Sum of the memory limits of copies that have one. */
  memoryBytes: number;
  /** Services without a limit: nobody can say how much they take. */
  unlimited: string[];
  /** New images, as far as their size is known: images that are built are taken to be as large as now. */
  diskBytes: number;
  /** Services of whose image nobody knows the size before it is there. */
  unknownImages: string[];
}

/** A service that is away for a while. */
export interface Downtime {
  service: string;
  /** `requests`: users notice. `work`: nobody's request fails, but its work waits. */
  of: 'requests' | 'work';
  why: string;
  wayOut: string;
}

/** Size of the image that a service will run: it is there already, or it will be about as large as this. */
export type ImageSize = { there: true } | { there: false; aboutBytes: number };

/** What a forecast is made of. */
export interface ForecastFacts {
  app: ComposeApp;
  /** The app's shared services, with the fingerprints of their definitions. */
  shared: SharedService[];
  /** Versions that the rollout would use. */
  secrets: { name: string; version: number }[];
  /** Null where nothing has run yet. */
  state: EnvironmentState | null;
  /** Files that differ between what serves and the commit; null when that is not known. */
  changedFiles: string[] | null;
  /** Texts of the commit's `.dockerignore` files, by path: what they leave out changes no image. */
  ignoreFiles: IgnoreFiles;
  /** Those of the environment, in order. */
  machines: MachineFacts[];
}

/** What is known of a machine beforehand. */
export interface MachineFacts {
  name: string;
  problem: string | null;
  free: Free;
  /** By service, as far as known. */
  images: Record<string, ImageSize>;
}
