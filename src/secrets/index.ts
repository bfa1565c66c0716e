export { keepEnvFile } from './kept-env-file.ts';
export { parseEnvFile, readEnvFile } from './env-file.ts';
export type { EnvFile } from './env-file.ts';
export { keyFile, openKey } from './key.ts';
export { resolveEnvironment } from './resolve-environment.ts';
export type { ResolvedEnvironment, SecretRef, VariableRules } from './resolve-environment.ts';
export { openVault, repositoryScope } from './vault.ts';
export type { SecretName, SecretStore, SecretVersion, StoredSecret, Vault } from './vault.ts';
