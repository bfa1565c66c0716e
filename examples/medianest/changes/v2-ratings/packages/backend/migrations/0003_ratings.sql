-- A table of its own: version 1.0 never looks at it, so both versions run side by side.
CREATE TABLE ratings (
  id       TEXT PRIMARY KEY,
  media_id TEXT NOT NULL REFERENCES media (id) ON DELETE CASCADE,
  stars    INTEGER NOT NULL CHECK (stars BETWEEN 1 AND 5),
  rated_at TEXT NOT NULL
);

CREATE INDEX ratings_of_media ON ratings (media_id);
