/** Labels of a machine that can take every job here; case does not matter. */
const accepted = /^(ubuntu-[\w.-]+|self-hosted|linux|x64|arm64|arm)$/i;

/**
 * Why a job with this label of `runs-on` cannot run here; undefined when it can. Labels from expressions too.
 *
 * @param hostLabels - Further labels that this machine takes; case does not matter.
 */
export function refusedLabel(
  label: string,
  hostLabels: string[] = [],
): { message: string; notes: string[]; help: string } | undefined {
  const mapped = hostLabels.some((known) => known.toLowerCase() === label.trim().toLowerCase());
  if (mapped || accepted.test(label.trim())) return undefined;
  const system = /^(windows|macos)\b/i.exec(label)?.[1]?.toLowerCase();
  const notes = ['labels here: ubuntu-*, self-hosted, linux, x64, arm64'];
  if (system !== undefined) {
    return {
      message: `jobs run on Linux only, and "${label}" asks for ${system === 'macos' ? 'macOS' : 'Windows'}`,
      notes,
      help: 'use ubuntu-latest, or keep this job in a workflow file of its own, which stays on GitHub',
    };
  }
  return {
    message: `no machine here has the label "${label}"`,
    notes,
    help: 'use ubuntu-latest or self-hosted',
  };
}
