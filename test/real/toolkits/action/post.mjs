import * as core from '@actions/core';

core.info(`the state of ${core.getState('part')} came back`);
