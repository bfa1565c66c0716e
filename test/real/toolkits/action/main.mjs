import * as core from '@actions/core';

const part = core.getInput('part', { required: true });
core.saveState('part', part);
try {
  const { run } = await import(`./${part}.mjs`);
  await run(core.getInput('given'));
} catch (error) {
  core.setFailed(error);
}
