import { unreachable } from '../diagnostics/index.ts';
import type { ChainVerdict } from './chain.ts';

/** One sentence for people: the chain, the record, and what is wrong with it. */
export function describeVerdict(chain: string, verdict: ChainVerdict): string {
  switch (verdict.kind) {
    case 'intact':
      return `chain "${chain}" is intact: ${verdict.links} record${verdict.links === 1 ? '' : 's'}`;
    case 'broken':
      return `chain "${chain}", record ${verdict.sequence}: ${brokenText[verdict.what]}`;
    case 'missing':
      return `chain "${chain}", ${records(verdict)} missing: later records are there`;
    case 'cut-off':
      return `chain "${chain}", ${records(verdict)} cut off: record ${verdict.upTo} was signed, the database ends before it`;
    case 'bad-signature':
      return `chain "${chain}": the signature of its head (record ${verdict.sequence}) does not match this machine's key`;
    case 'head-missing':
      return `chain "${chain}": its signed head is gone, so records cut off at the end would not show`;
    case 'head-damaged':
      return `chain "${chain}": its signed head is damaged: ${verdict.reason}`;
    default:
      return unreachable(verdict);
  }
}

const brokenText = {
  content: 'changed after it was written (its content does not match its hash)',
  replaced: 'replaced (the next record was written after another one)',
  'not-the-signed-one': 'replaced (another record was signed in this place)',
};

function records({ sequence, upTo }: { sequence: number; upTo: number }): string {
  return sequence === upTo ? `record ${sequence} is` : `records ${sequence} to ${upTo} are`;
}
