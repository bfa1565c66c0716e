/** A kind of secret, and what it looks like. */
export interface SecretRule {
  name: string;
  pattern: RegExp;
}

export interface SecretFinding {
  line: number;
  rule: string;
}

export const secretRules: SecretRule[] = [
  { name: 'AWS access key', pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/ },
  {
    name: 'AWS secret key',
    pattern: /aws_?secret_?(?:access_?)?key["']?\s*[:=]\s*["']?[0-9a-z/+]{40}\b/i,
  },
  { name: 'private key', pattern: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/ },
  { name: 'GitHub token', pattern: /\b(?:gh[pousr]_[0-9A-Za-z]{36}|github_pat_\w{82})\b/ },
  { name: 'GitLab token', pattern: /\bglpat-[\w-]{20}\b/ },
  { name: 'npm token', pattern: /\bnpm_[0-9A-Za-z]{36}\b/ },
  { name: 'Slack token', pattern: /\bxox[abprs]-[0-9A-Za-z-]{20,}/ },
  { name: 'Stripe key', pattern: /\b[rs]k_live_[0-9A-Za-z]{24,}\b/ },
  { name: 'Google API key', pattern: /\bAIza[\w-]{35}\b/ },
  {
    name: 'password in a URL',
    pattern: /\b[a-z][a-z+.-]*:\/\/[^\s:/@'"${}]+:[^\s:/@'"${}]{8,}@[\w.-]+/i,
  },
  {
    name: 'password in the code',
    pattern:
      /\b(?:password|passwd|secret|api_?key|auth_?token)["']?\s*[:=]\s*["'][^"'\s${}]{12,}["']/i,
  },
];

/** A line that holds this is left alone: an example that only looks like a secret. */
const allowance = 'secret-scan:allow';

/** Every line of a text that looks as if it held a secret. */
export function findSecrets(text: string, rules: SecretRule[] = secretRules): SecretFinding[] {
  return text.split('\n').flatMap((content, index) => {
    if (content.includes(allowance)) return [];
    return rules
      .filter((rule) => rule.pattern.test(content))
      .map((rule) => ({ line: index + 1, rule: rule.name }));
  });
}
