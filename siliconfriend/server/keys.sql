-- Every statement of the key file. A line of a name alone starts one.

-- schema
CREATE TABLE IF NOT EXISTS keys (
  id         TEXT PRIMARY KEY,
  digest     BLOB NOT NULL,                 -- SHA-256 of the secret; the secret itself is not kept
  kind       TEXT NOT NULL,                 -- key, session, link
  parent     TEXT REFERENCES keys ON DELETE CASCADE,
  name       TEXT NOT NULL,
  tenant     TEXT NOT NULL,
  bank       TEXT NOT NULL,                 -- the only bank it opens; '' for all of the tenant
  scopes     TEXT NOT NULL,
  rate       REAL NOT NULL,                 -- requests a second, on average; 0 for the server's own
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,              -- 0: never
  used_at    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- insert_key
INSERT INTO keys (id, digest, kind, parent, name, tenant, bank, scopes, rate, created_at, expires_at)
VALUES (:id, :digest, :kind, :parent, :name, :tenant, :bank, :scopes, :rate, :created_at, :expires_at);

-- key_of_id
SELECT id, digest, kind, parent, name, tenant, bank, scopes, rate, created_at, expires_at, used_at
FROM keys WHERE id = :id;

-- all_keys
-- And the browsers that a link has signed in, which no key stands for.
SELECT id, digest, kind, parent, name, tenant, bank, scopes, rate, created_at, expires_at, used_at
FROM keys WHERE kind = 'key' OR (kind = 'session' AND parent IS NULL) ORDER BY created_at, id;

-- used_key
UPDATE keys SET used_at = :at WHERE id = :id;

-- revoke_key
DELETE FROM keys WHERE id = :id RETURNING id;

-- drop_expired
DELETE FROM keys WHERE kind <> 'key' AND expires_at > 0 AND expires_at <= :now;
