-- Drawings move into a table of their own, so that the queue stays small.
CREATE TABLE drawings (
  media_id TEXT PRIMARY KEY REFERENCES media (id) ON DELETE CASCADE,
  svg      TEXT NOT NULL
);

INSERT INTO drawings (media_id, svg)
  SELECT media_id, svg FROM posters WHERE svg IS NOT NULL;

ALTER TABLE posters DROP COLUMN svg;
