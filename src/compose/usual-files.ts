const usual = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];
const overrides = [
  'compose.override.yml',
  'compose.override.yaml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
];

/** Every name that `usualComposeFiles` looks for. */
export const composeFileNames: readonly string[] = [...usual, ...overrides];

/**
 * The Compose files of a folder where nothing names them: the first usual name that is there, and an override.
 * Empty when there is none.
 *
 * @see Compose Specification, "Compose file"
 */
export function usualComposeFiles(exists: (path: string) => boolean): string[] {
  const file = usual.find(exists);
  const override = overrides.find(exists);
  if (file === undefined) return [];
  return override === undefined ? [file] : [file, override];
}
