-- Runs on SQLite and PostgreSQL alike. Migrations only expand: the version before this one
-- serves beside it during a rollout, and again after a rollback.
CREATE TABLE media (
  id         TEXT PRIMARY KEY,
  title      TEXT NOT NULL,
  kind       TEXT NOT NULL,
  creator    TEXT NOT NULL DEFAULT '',
  year       INTEGER,
  tags       TEXT NOT NULL DEFAULT '[]',
  created_at TEXT NOT NULL
);

CREATE INDEX media_by_age ON media (created_at, id);
