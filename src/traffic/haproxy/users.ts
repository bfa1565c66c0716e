import { address, section, type ConfigParts } from './config-parts.ts';
import {
  choiceRules,
  onwardRules,
  pinRules,
  scopeRules,
  sessionRules,
  straightRules,
  tlsRules,
} from './choice-rules.ts';
import { challengeRules, forwardingRules, originRules, refusals } from './edge-rules.ts';
import { limitRules } from './limit-rules.ts';

/** A path may be as long as its writer likes, and a line of the log may not. */
const loggedPathBytes = 200;

/** Where users come in. Each rule decides for those behind it; `txn.to` is the backend that answers in the end. */
export function usersSection(parts: ConfigParts): string {
  const { settings, paths, certificates } = parts;
  const { tls } = settings;
  const speaksTls = tls !== null && certificates.length > 0;
  return section('frontend slipway_users from slipway', [
    `bind ${address(settings.listen)} backlog 4096`,
    `bind unix@${paths.onward} mode 600 accept-proxy`,
    speaksTls &&
      `bind ${address(tls.listen)} backlog 4096 ssl ${certificates.map((file) => `crt ${file}`).join(' ')} ssl-min-ver TLSv1.3 alpn http/1.1`,
    speaksTls && `bind unix@${paths.onwardTls} mode 600 accept-proxy name onward-tls`,
    'log global',
    // The order in which `parseLogLine` reads it.
    'log-format "request %lc %b %ST %ts %Ta %[var(txn.stream)] %[var(txn.session)] %ci %[var(txn.agent)] %[var(txn.lot)] %HM|%si:%sp|%[var(txn.failed)]"',
    `http-after-response set-var(txn.failed) capture.req.uri,field(1,?),bytes(0,${loggedPathBytes}) if { status ge 500 }`,
    ...onwardRules(parts),
    ...refusals(settings),
    ...challengeRules(settings),
    ...originRules(settings),
    ...(speaksTls ? tlsRules(tls.listen.port, parts) : []),
    ...forwardingRules(),
    ...straightRules(parts),
    ...scopeRules(parts),
    ...limitRules(parts),
    ...pinRules(parts),
    ...sessionRules(parts),
    ...choiceRules(parts),
    'use_backend %[var(txn.to)]',
  ]);
}
