import { CodedError } from '../diagnostics/index.ts';
import type { Connect } from '../wiring/index.ts';
import { createConnector, ServerRefusal } from './connector.ts';

/** Connections that are kept to each machine, and the most at once: sshd takes few that are not logged in yet. */
const kept = 3;
const atOnce = 6;

/**
 * Reaches the servers of other machines by `ssh HOST slipway dial --running`, as the command line does.
 *
 * @param remoteCommand - What starts Slipway there, if not `slipway`.
 */
export function machineConnections(remoteCommand: string | undefined): Connect {
  return (host) => {
    const connector = createConnector({ host }, { remoteCommand, dialFlags: ['--running'], kept, atOnce });
    const ask = async (call: Parameters<typeof connector.text>[0]): Promise<unknown> => {
      const text = await connector.text(call).catch((error: unknown) => {
        throw asItWasSaid(error);
      });
      return text === '' ? null : JSON.parse(text);
    };
    return {
      post: (path, body, signal) => ask({ method: 'POST', path, payload: { json: body }, signal }),
      put: (path, stream, signal) => ask({ method: 'PUT', path, payload: { stream }, signal }),
      lines: (path, signal) => connector.lines({ method: 'GET', path, signal }),
      close: () => connector.close(),
    };
  };
}

/** What the other server refused, with its own code: fences are compared over there, and decide over here. */
function asItWasSaid(error: unknown): unknown {
  const said = error instanceof ServerRefusal ? error.findings[0] : undefined;
  if (!said) return error;
  const { code, message, notes, help } = said;
  return new CodedError(code, message, { notes, help, cause: error });
}
