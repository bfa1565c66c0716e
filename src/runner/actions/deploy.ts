import { CodedError } from '../../diagnostics/index.ts';
import type { Action } from '../action.ts';

/** `slipway/deploy`: asks for a rollout and lets the job wait without a process; without a server it says what it would ship. */
export const deploy: Action = {
  async main(context) {
    const { spec, stepIndex } = context;
    const environment = context.inputs['environment'] || spec.environment;
    if (!environment) {
      throw new CodedError('runner/no-environment', 'slipway/deploy does not know where to deploy', {
        help: 'give the job an `environment:`, or the step `with: { environment: staging }`',
      });
    }
    if (spec.deploys === 'park') {
      context.say(`Asks for a rollout of ${spec.source.commit} to ${environment}; the job waits.`);
      return { park: { environment, stepIndex } };
    }
    context.say(`Would ship ${spec.source.commit} (${spec.source.ref}) to ${environment}.`);
    context.setOutput('release', spec.source.commit);
    context.setOutput('revision', '');
    context.setOutput('url', '');
    return undefined;
  },
};
