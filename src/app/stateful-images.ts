/** What an image without the app's own code keeps, by the last part of its name: `bitnami/postgresql:16` is `postgresql`. */
const kinds: Record<string, readonly string[]> = {
  'a database': [
    'postgres',
    'postgresql',
    'postgis',
    'timescaledb',
    'timescaledb-ha',
    'pgvector',
    'pgvecto-rs',
    'mysql',
    'mysql-server',
    'mariadb',
    'percona',
    'percona-server',
    'mongo',
    'mongodb',
    'mongodb-community-server',
    'cockroach',
    'cockroachdb',
    'clickhouse',
    'clickhouse-server',
    'cassandra',
    'scylla',
    'influxdb',
    'neo4j',
    'couchdb',
    'couchbase',
    'rethinkdb',
    'arangodb',
    'surrealdb',
    'questdb',
    'victoria-metrics',
    'dgraph',
    'orientdb',
    'firebird',
    'edgedb',
    'gel',
    'etcd',
    'libsql-server',
    'sqld',
  ],
  'a store in memory': [
    'redis',
    'redis-stack',
    'redis-stack-server',
    'valkey',
    'keydb',
    'dragonfly',
    'memcached',
  ],
  'a message broker': [
    'rabbitmq',
    'nats',
    'kafka',
    'cp-kafka',
    'zookeeper',
    'cp-zookeeper',
    'redpanda',
    'activemq',
    'activemq-classic',
    'activemq-artemis',
    'artemis',
    'pulsar',
    'eclipse-mosquitto',
    'mosquitto',
    'emqx',
    'nsqd',
    'beanstalkd',
    'elasticmq',
  ],
  'a search index': [
    'elasticsearch',
    'opensearch',
    'meilisearch',
    'typesense',
    'solr',
    'qdrant',
    'weaviate',
    'manticore',
    'milvus',
    'chroma',
  ],
  'a file store': ['minio', 'seaweedfs', 'azurite', 'garage'],
};

const byName = new Map(
  Object.entries(kinds).flatMap(([kind, names]) => names.map((name) => [name, kind] as const)),
);

/** Servers of which `mssql/server` and the like are called only by their folder. */
const byPath = new Map([
  ['mssql/server', 'a database'],
  ['azure-sql-edge', 'a database'],
  ['supabase/postgres', 'a database'],
]);

/** What a well-known stateful image is: `a database`; null for an image that is not known. */
export function statefulKind(image: string): string | null {
  const path = repositoryOf(image);
  const parts = path.split('/');
  const name = parts.at(-1) ?? '';
  return byPath.get(parts.slice(-2).join('/')) ?? byPath.get(name) ?? byName.get(name) ?? null;
}

/** An image's name without tag and digest: `ghcr.io/acme/shop`. */
export function repositoryOf(image: string): string {
  const untagged = image.split('@')[0] ?? '';
  const slash = untagged.lastIndexOf('/');
  const colon = untagged.indexOf(':', slash + 1);
  return (colon === -1 ? untagged : untagged.slice(0, colon)).toLowerCase();
}
