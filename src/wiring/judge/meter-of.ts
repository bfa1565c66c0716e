import type { Layout } from '../layout.ts';
import { releaseOf } from '../processes.ts';
import type { MetricPlace } from './gauge-of.ts';
import { Meter } from './meter.ts';

/** What reading metrics takes. */
export interface MeterParts extends Pick<MetricPlace, 'machines' | 'path'> {
  layout: Layout;
}

/** Reads metrics of one environment, beside the files of its releases. */
export function meterOf(scope: string, { layout, ...place }: MeterParts): Meter {
  const [app = ''] = scope.split('/');
  const filesOf = async (release: string) => (await releaseOf(layout, app, release)).filesDirectory;
  return new Meter({ ...place, scope, filesOf, nowMs: () => performance.now() });
}
