-- Schema 1. Every row belongs to a bank, and every key starts with it; `bank` is the short form
-- of the pair (tenant, name). Times are microseconds since 1970 UTC, days are ordinals of the
-- bank's own calendar, `number` counts everything that a bank holds, in order of arrival.

CREATE TABLE banks (
  bank       INTEGER PRIMARY KEY,
  tenant     TEXT NOT NULL,
  name       TEXT NOT NULL,
  id         TEXT NOT NULL UNIQUE,
  lang       TEXT NOT NULL CHECK (lang IN ('zh', 'en')),
  zone       TEXT NOT NULL,
  seed       BLOB NOT NULL,
  preset     TEXT NOT NULL,
  embedder   TEXT,                          -- the model of its vectors; NULL: words alone
  created_at INTEGER NOT NULL,
  next       INTEGER NOT NULL DEFAULT 1,    -- the next free number
  version    INTEGER NOT NULL DEFAULT 0,    -- rises with every change
  edition    INTEGER NOT NULL DEFAULT 0,    -- rises when an index cannot follow by appending
  extra      TEXT NOT NULL DEFAULT '{}',    -- what an imported file said beside its turns
  UNIQUE (tenant, name)
) STRICT;

-- What happened: never changed, only erased.
CREATE TABLE turns (
  bank         INTEGER NOT NULL REFERENCES banks ON DELETE CASCADE,
  number       INTEGER NOT NULL,
  external_id  TEXT,
  text_hash    BLOB NOT NULL,
  conversation TEXT NOT NULL,
  seq          INTEGER NOT NULL,
  text         TEXT,
  reply        TEXT,
  speaker      TEXT,
  replier      TEXT,
  author       TEXT NOT NULL,
  channel      TEXT NOT NULL,
  source       TEXT,
  precision    TEXT NOT NULL,
  recorded_at  INTEGER NOT NULL,
  PRIMARY KEY (bank, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX turns_external ON turns (bank, external_id) WHERE external_id IS NOT NULL;

-- How it is remembered: the birth of each curve, and the state that its log leads to.
CREATE TABLE memories (
  bank          INTEGER NOT NULL REFERENCES banks ON DELETE CASCADE,
  number        INTEGER NOT NULL,
  id            TEXT NOT NULL,
  kind          INTEGER NOT NULL,           -- 0 turn, 1 a day's event summary
  occurred_at   INTEGER NOT NULL,
  day           INTEGER NOT NULL,
  thread        INTEGER NOT NULL,           -- the conversation, hashed
  seq           INTEGER NOT NULL,
  lang          TEXT NOT NULL,
  trusted       INTEGER NOT NULL,
  born_at       INTEGER NOT NULL,
  born_with     REAL NOT NULL,              -- significance at birth
  parts         TEXT NOT NULL,              -- what it was judged by, JSON
  significance  REAL NOT NULL,
  strength      REAL NOT NULL,              -- days; 9e999 where nothing fades
  last_at       INTEGER NOT NULL,           -- last recall, or birth
  fades_at      INTEGER,                    -- NULL: never
  pinned        INTEGER NOT NULL DEFAULT 0,
  supersedes    INTEGER,
  superseded_by INTEGER,
  PRIMARY KEY (bank, number)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX memories_id ON memories (bank, id);
CREATE INDEX memories_day ON memories (bank, day);
CREATE INDEX memories_fading ON memories (bank, fades_at);

CREATE TABLE vectors (
  bank      INTEGER NOT NULL,
  number    INTEGER NOT NULL,
  model     TEXT NOT NULL,
  dim       INTEGER NOT NULL,
  text_hash BLOB NOT NULL,
  vector    BLOB NOT NULL,                  -- float16, one row of `dim` for each chunk
  PRIMARY KEY (bank, number),
  FOREIGN KEY (bank, number) REFERENCES memories ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE terms (
  bank   INTEGER NOT NULL,
  number INTEGER NOT NULL,
  hashes BLOB NOT NULL,                     -- uint32
  counts BLOB NOT NULL,                     -- uint8
  PRIMARY KEY (bank, number),
  FOREIGN KEY (bank, number) REFERENCES memories ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- The log from which every strength can be recomputed.
CREATE TABLE events (
  bank     INTEGER NOT NULL,
  number   INTEGER NOT NULL,                -- its own
  memory   INTEGER NOT NULL,
  kind     TEXT NOT NULL,
  at       INTEGER NOT NULL,
  turn     INTEGER,                         -- the turn that recalled it
  effect   REAL,
  retained REAL,
  PRIMARY KEY (bank, number),
  FOREIGN KEY (bank, memory) REFERENCES memories ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX events_memory ON events (bank, memory, at);
CREATE UNIQUE INDEX events_once ON events (bank, turn, memory) WHERE kind = 'recall';

-- What was condensed from turns: summaries of every level, insights, statements of the portrait.
CREATE TABLE derived (
  bank    INTEGER NOT NULL REFERENCES banks ON DELETE CASCADE,
  number  INTEGER NOT NULL,
  id      TEXT NOT NULL,
  level   TEXT NOT NULL,
  period  TEXT NOT NULL,
  topic   TEXT NOT NULL DEFAULT '',
  text    TEXT NOT NULL,
  method  TEXT NOT NULL,
  lang    TEXT NOT NULL,
  hash    BLOB NOT NULL,                    -- of the sources and the prompt
  made_at INTEGER NOT NULL,
  PRIMARY KEY (bank, number)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX derived_period ON derived (bank, level, period) WHERE level <> 'statement';
CREATE INDEX derived_statements ON derived (bank, period) WHERE level = 'statement';

CREATE TABLE sources (
  bank    INTEGER NOT NULL,
  derived INTEGER NOT NULL,
  source  INTEGER NOT NULL,                 -- the number of a turn, or of something derived
  PRIMARY KEY (bank, derived, source),
  FOREIGN KEY (bank, derived) REFERENCES derived ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX sources_source ON sources (bank, source);

-- Work that waits. Enqueued in the transaction that makes it necessary.
CREATE TABLE jobs (
  bank        INTEGER NOT NULL REFERENCES banks ON DELETE CASCADE,
  kind        TEXT NOT NULL,                -- digest, embed
  subject     TEXT NOT NULL,                -- a day, a memory's number
  created_at  INTEGER NOT NULL,
  run_after   INTEGER NOT NULL DEFAULT 0,
  attempts    INTEGER NOT NULL DEFAULT 0,
  lease_until INTEGER NOT NULL DEFAULT 0,
  fence       INTEGER NOT NULL DEFAULT 0,
  error       TEXT,
  PRIMARY KEY (bank, kind, subject)
) STRICT, WITHOUT ROWID;
