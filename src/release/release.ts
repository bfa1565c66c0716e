import type { App } from '../app/index.ts';
import type { ReleaseImage } from './images.ts';

/** What goes to an environment: made once, identified by its content, never changed. */
export interface Release {
  /** `sha256:` and the hash of its manifest, which names the commit, the app's definition, Node's version, every image and every file. */
  digest: string;
  /** The app's name. */
  app: string;
  commit: string;
  createdAtMs: number;
  fileCount: number;
  sizeBytes: number;
  /** Folder of the release in the store; the app's files are in `filesDirectory`. */
  directory: string;
  filesDirectory: string;
  /** The app as the commit defines it. */
  definition: App;
  /** Exact version that its processes run with; null for the machine's own Node. */
  toolchain: { nodeVersion: string | null };
  /** What its containers run; empty for plain processes. */
  images: ReleaseImage[];
  /** How each part came in, one sentence each. */
  parts: string[];
  /** Artifacts that were laid over the commit's files. */
  artifacts: { name: string; digest: string }[];
}

/** An artifact that the run uploaded. */
export interface RunArtifact {
  name: string;
  /** Where its files lie now. */
  filesDirectory: string;
  /** Where they were, relative to the workspace; empty for its top. */
  rootDirectory: string;
}
