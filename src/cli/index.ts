export { runCli } from './cli.ts';
export { cliDocs } from './docs.ts';
export type { CliContext, CommonOptions } from './context.ts';
export { exitCodes, exitCodesText } from './exit-codes.ts';
export { buildProgram } from './program.ts';
