import { writeFileSync } from 'node:fs';
import {
  corpusFolder,
  corpusIsThere,
  corpusPage,
  corpusPagePath,
  readCorpus,
} from '../test/conformance/corpus.ts';

/* Writes docs/corpus.md from the corpus of workflows beside the project: node scripts/write-corpus.ts */
if (corpusIsThere) writeFileSync(corpusPagePath, await corpusPage(readCorpus()));
else {
  console.error(`there is no corpus at ${corpusFolder}, so docs/corpus.md stays as it is`);
  process.exitCode = 1;
}
