import { server } from '../server/index.ts';
import { readFileSync } from 'node:fs';
import { finding } from '../diagnostics/finding.ts';
export const now = Date.now();
export const dice = Math.random();
export const all = [server, readFileSync, finding];
