import { join } from 'node:path';
import { describeFlowStore } from '../../test/conformance/flow-store.ts';
import { describeRecordStore } from '../../test/conformance/record-store.ts';

const makePlace = (home: string) => Promise.resolve({ file: join(home, 'slipway.db') });

describeFlowStore('SQLite', makePlace);
describeRecordStore('SQLite', makePlace);
