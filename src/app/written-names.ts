import { hostPattern, machinePattern, namePattern, serviceNamePattern, variablePattern } from './names.ts';
import { text } from './shapes.ts';

/** Rules of names in slipway.yml, with what to say where one is broken. */
export const name = {
  pattern: namePattern,
  allowed: 'lower-case letters, digits and "-", at most 63, no "-" at the ends',
};

/** A variable of a process or container. */
export const variable = {
  expects: 'a name of an environment variable',
  example: 'LOG_LEVEL',
  pattern: variablePattern,
  allowed: 'letters, digits and "_", not starting with a digit',
};

/** A process type of the Procfile, or a service of the Compose file. */
export const processName = {
  expects: 'a name of a process type or service',
  example: 'web',
  pattern: serviceNamePattern,
  allowed: 'names of the Procfile or of services of the Compose file',
};

/** A host name, or `*`. */
export const host = text({
  expects: 'a host name',
  example: 'medianest.example.com',
  pattern: hostPattern,
  allowed: 'lower-case host names without scheme, port or path, and "*" for every other host',
});

/** A machine as ssh takes it, and nothing that ssh would take as an option; `here` is the server's own. */
export const machine = text({
  expects: 'a machine',
  example: 'deploy@10.0.0.6',
  pattern: machinePattern,
  allowed: '"here", user@host, a name of ~/.ssh/config, ssh://user@host:port',
});

/** A path that a request asks for. */
export const requestPath = text({
  expects: 'a path',
  example: '/ready',
  pattern: '^/\\S*$',
  allowed: 'a path that starts with "/"',
});

/** A file of the repository. */
export const repositoryPath = text({
  expects: 'a path in the repository',
  example: 'compose.yml',
  pattern: '^[^/.][^/]*(/[^/.][^/]*)*$',
  allowed: 'a path relative to the root of the repository, without "." and ".."',
});
