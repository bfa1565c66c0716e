interface EnvironmentParts {
  /** Folders with the tools that the app asked for, such as its Node; searched first. */
  toolchainBin: readonly string[];
  /** A folder of the app's own. */
  homeDirectory: string;
  /** What the environment's configuration says, secrets included; wins over everything here. */
  env: Record<string, string>;
}

/**
 * The environment of an app's process, built from nothing: no variable of the server or of the machine (its proxies,
 * its certificates) reaches an app unless its configuration names it. The supervisor adds PORT.
 */
export function processEnvironment({ toolchainBin, homeDirectory, env }: EnvironmentParts) {
  const path = [...toolchainBin, '/usr/local/bin', '/usr/bin', '/bin'].join(':');
  const built: Record<string, string> = { PATH: path, HOME: homeDirectory, LANG: 'C.UTF-8', ...env };
  return built;
}
