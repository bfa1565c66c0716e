import { outLook, show, type CliContext, type CommonOptions } from '../context.ts';
import { doctorPage } from '../doctor/doctor-page.ts';
import {
  checkCommit,
  checkDisk,
  checkDocker,
  checkGit,
  checkHome,
  checkNode,
  checkServer,
} from '../doctor/machine-checks.ts';
import { checkRepository } from '../doctor/repository-checks.ts';
import { exitCodes } from '../exit-codes.ts';
import { treeRoot } from '../lint-files.ts';

/** Looks at everything that Slipway needs of this machine and this repository; changes nothing. */
export async function doctor(context: CliContext, options: CommonOptions): Promise<number> {
  const home = options.home ?? context.defaultHome();
  const root = treeRoot(context.cwd);
  const checks = [
    checkNode(),
    ...(await Promise.all([checkGit(context), checkDocker(context, root), checkDisk(home), checkHome(home)])),
    await checkServer(context, home),
    await checkCommit(context, root),
    ...checkRepository(root, context.env),
  ];
  show(context, options, checks, () => doctorPage(checks, outLook(context)));
  return checks.some(({ state }) => state === 'problem') ? exitCodes.failed : exitCodes.done;
}
