/** An environment of an app. */
export interface FlagPlace {
  app: string;
  environment: string;
}

/** `shop/production`, as scopes of environments are written. */
export function flagPlaceOf(scope: string): FlagPlace {
  const [app = '', environment = ''] = scope.split('/');
  return { app, environment };
}
