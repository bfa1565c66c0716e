import { z } from 'zod';

/*
 * The part of Traefik's dynamic configuration that is written here, as its own source reads it. Traefik ignores nothing:
 * a field that it does not know makes it refuse the file.
 *
 * @see https://github.com/traefik/traefik/tree/v3.7/pkg/config/dynamic (http_config.go, middlewares.go, config.go)
 */

/** Go's durations, as far as they are written here. */
const duration = z.string().regex(/^\d+(ms|s|m)$/);
const name = z.string().regex(/^[A-Za-z0-9_-]+$/);

const routerSchema = z.strictObject({
  entryPoints: z.array(name).min(1),
  rule: z.string().min(1),
  priority: z.int().min(1),
  middlewares: z.array(name).optional(),
  service: name,
  tls: z.strictObject({ options: name.optional() }).optional(),
});

const middlewareSchema = z.union([
  z.strictObject({
    headers: z.strictObject({
      customRequestHeaders: z.record(z.string(), z.string()).optional(),
      customResponseHeaders: z.record(z.string(), z.string()).optional(),
      stsSeconds: z.int().min(0).optional(),
    }),
  }),
  z.strictObject({
    errors: z.strictObject({
      status: z.array(z.string().regex(/^\d{3}$/)).min(1),
      statusRewrites: z.record(z.string(), z.int()).optional(),
      service: name,
      query: z.string().startsWith('/'),
    }),
  }),
  z.strictObject({
    rateLimit: z.strictObject({
      average: z.int().min(1),
      period: duration,
      burst: z.int().min(1),
      sourceCriterion: z
        .strictObject({
          ipStrategy: z.strictObject({ excludedIPs: z.array(z.string()).min(1) }),
        })
        .optional(),
    }),
  }),
  z.strictObject({
    redirectScheme: z.strictObject({ scheme: z.literal('https'), port: z.string(), permanent: z.boolean() }),
  }),
  z.strictObject({ retry: z.strictObject({ attempts: z.int().min(2) }) }),
]);

const serviceSchema = z.union([
  z.strictObject({
    middlewares: z.array(name).optional(),
    loadBalancer: z.strictObject({
      servers: z.array(z.strictObject({ url: z.url({ protocol: /^http$/ }) })),
      serversTransport: name.optional(),
    }),
  }),
  z.strictObject({
    weighted: z.strictObject({
      services: z.array(z.strictObject({ name, weight: z.int().min(1).max(100) })).min(1),
      sticky: z
        .strictObject({
          cookie: z.strictObject({
            name,
            httpOnly: z.boolean(),
            sameSite: z.enum(['lax', 'strict', 'none']),
          }),
        })
        .optional(),
    }),
  }),
]);

/** @see `renderDynamic` */
export const dynamicSchema = z.strictObject({
  http: z.strictObject({
    routers: z.record(name, routerSchema),
    middlewares: z.record(name, middlewareSchema),
    services: z.record(name, serviceSchema),
    serversTransports: z.record(
      name,
      z.strictObject({
        forwardingTimeouts: z.strictObject({
          dialTimeout: duration,
          responseHeaderTimeout: duration,
          idleConnTimeout: duration,
        }),
      }),
    ),
  }),
  tls: z
    .strictObject({
      certificates: z.array(z.strictObject({ certFile: z.string(), keyFile: z.string() })),
      options: z.record(
        name,
        z.strictObject({
          minVersion: z.enum(['VersionTLS12', 'VersionTLS13']),
          sniStrict: z.boolean(),
          alpnProtocols: z.array(z.string()),
        }),
      ),
    })
    .optional(),
});

export type DynamicConfiguration = z.infer<typeof dynamicSchema>;
export type TraefikRouter = z.infer<typeof routerSchema>;
export type TraefikMiddleware = z.infer<typeof middlewareSchema>;
export type TraefikService = z.infer<typeof serviceSchema>;
