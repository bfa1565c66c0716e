/** What a script may rely on. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  refused: 4,
  interrupted: 130,
} as const;

/** As `--help` and docs/cli.md say it. */
export const exitCodesText = `Exit codes:
  0    done
  1    it failed: a job, a rollout, an audit, a lint
  2    wrong usage, or mistakes in files
  3    the server cannot be reached
  4    refused by a rule: branch, promotion, already under way
  130  interrupted`;
