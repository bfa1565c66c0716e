import type { Certificate } from '../certificate-folder.ts';

/** What the part within `http { }` is written with. */
export interface PartSettings {
  /** `127.0.0.1:80`, `[::]:80` */
  listen: string;
  tls: { listen: string; port: number; certificates: Certificate[] } | null;
  /** False when the part stands in the user's own configuration, whose default server is the user's. */
  isWhole: boolean;
  pagesFolder: string;
  accessLog: string;
  statusSocket: string;
  /** While it exists, every answer ends its connection. */
  closingFile: string;
  responseTimeoutMs: number;
  trustedProxies: string[];
  /** Ends the answer to every challenge of our ACME account; null leaves challenges to the apps. */
  acmeThumbprint: string | null;
  /** What every server says, see `serverLines`. */
  serverLines: string[];
  /** Hosts that some scope has for itself. */
  taken: ReadonlySet<string>;
}
