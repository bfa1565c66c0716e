import { target } from '../targets/index.ts';
export const wrong = target;
