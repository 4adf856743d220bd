-- Schema 2. What was erased stays erased: a tombstone holds no content, only a salted hash of an
-- id, a caller's id, a wording on its day, or a bank. It outlives its bank, so that neither an
-- older backup nor a file that is imported again brings back what was erased.

CREATE TABLE tombstones (
  salt  BLOB NOT NULL,                      -- random, of the file that they were first written in
  realm BLOB NOT NULL,                      -- the pair (tenant, name) of the bank, hashed with it
  mark  BLOB NOT NULL,                      -- what was erased, hashed with it
  at    INTEGER NOT NULL,
  PRIMARY KEY (salt, realm, mark)
) STRICT, WITHOUT ROWID;

-- Work on the file itself that must follow a commit, and is taken up again if it could not.
CREATE TABLE chores (
  name  TEXT PRIMARY KEY,                   -- scrub: take what was erased out of pages and copies
  fence INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
