-- The worker's queue and what it makes: one row an item.
CREATE TABLE posters (
  media_id   TEXT PRIMARY KEY REFERENCES media (id) ON DELETE CASCADE,
  state      TEXT NOT NULL DEFAULT 'waiting', -- waiting, drawing, done
  attempts   INTEGER NOT NULL DEFAULT 0,
  svg        TEXT,
  changed_at TEXT NOT NULL
);

CREATE INDEX posters_waiting ON posters (state, changed_at);
