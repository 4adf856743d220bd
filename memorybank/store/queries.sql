-- Every statement of the SQLite store. A line of a name alone starts one; each names its bank.

-- create_bank
INSERT INTO banks (tenant, name, id, lang, zone, seed, preset, embedder, created_at, extra)
VALUES (:tenant, :name, :id, :lang, :zone, :seed, :preset, :embedder, :created_at, :extra)
ON CONFLICT (tenant, name) DO NOTHING;

-- bank_named
SELECT bank, tenant, name, id, lang, zone, seed, preset, embedder, created_at, version, edition, extra
FROM banks WHERE tenant = :tenant AND name = :name;

-- bank_again
SELECT bank, tenant, name, id, lang, zone, seed, preset, embedder, created_at, version, edition, extra
FROM banks WHERE bank = :bank;

-- banks_of
SELECT bank, tenant, name, id, lang, zone, seed, preset, embedder, created_at, version, edition, extra
FROM banks WHERE tenant = :tenant ORDER BY name;

-- bank_extent
-- How many turns a bank has, and from when to when.
SELECT count(*), min(occurred_at), max(occurred_at) FROM memories WHERE bank = :bank AND kind = 0;

-- tenant_extent
-- How many turns all banks of a tenant have, and how many bytes of text.
SELECT count(*), ifnull(sum(ifnull(octet_length(text), 0) + ifnull(octet_length(reply), 0)), 0)
FROM turns WHERE bank IN (SELECT bank FROM banks WHERE tenant = :tenant);

-- reserve
-- Take `count` numbers and mark the bank as changed, in one step.
UPDATE banks SET next = next + :count, version = version + 1, edition = edition + :edition
WHERE bank = :bank RETURNING next - :count, version, edition;

-- set_preset
UPDATE banks SET preset = :preset WHERE bank = :bank;

-- set_embedder
UPDATE banks SET embedder = :embedder WHERE bank = :bank;

-- set_extra
UPDATE banks SET extra = :extra WHERE bank = :bank;

-- erase_bank
DELETE FROM banks WHERE bank = :bank;

-- insert_turn
INSERT INTO turns (bank, number, external_id, text_hash, conversation, seq, text, reply, speaker,
                   replier, author, channel, source, precision, recorded_at)
VALUES (:bank, :number, :external_id, :text_hash, :conversation, :seq, :text, :reply, :speaker,
        :replier, :author, :channel, :source, :precision, :recorded_at);

-- insert_memory
INSERT INTO memories (bank, number, id, kind, occurred_at, day, thread, seq, lang, trusted, born_at,
                      born_with, parts, significance, strength, last_at, fades_at, pinned, supersedes)
VALUES (:bank, :number, :id, :kind, :occurred_at, :day, :thread, :seq, :lang, :trusted, :born_at,
        :born_with, :parts, :significance, :strength, :last_at, :fades_at, :pinned, :supersedes);

-- renew_memory
-- A summary made anew stays the memory that it was: same number, same id, same log.
UPDATE memories SET occurred_at = :occurred_at, lang = :lang, trusted = :trusted, born_at = :born_at,
                    born_with = :born_with, parts = :parts, significance = :significance
WHERE bank = :bank AND number = :number;

-- set_parts
UPDATE memories SET parts = :parts WHERE bank = :bank AND number = :number;

-- insert_vector
INSERT INTO vectors (bank, number, model, dim, text_hash, vector)
VALUES (:bank, :number, :model, :dim, :text_hash, :vector)
ON CONFLICT (bank, number) DO UPDATE
SET model = excluded.model, dim = excluded.dim, text_hash = excluded.text_hash, vector = excluded.vector;

-- insert_terms
INSERT INTO terms (bank, number, hashes, counts) VALUES (:bank, :number, :hashes, :counts)
ON CONFLICT (bank, number) DO UPDATE SET hashes = excluded.hashes, counts = excluded.counts;

-- insert_event
-- A recall counts once for each turn and memory, however often it is told.
INSERT INTO events (bank, number, memory, kind, at, turn, effect, retained)
VALUES (:bank, :number, :memory, :kind, :at, :turn, :effect, :retained)
ON CONFLICT DO NOTHING;

-- insert_derived
INSERT INTO derived (bank, number, id, level, period, topic, text, method, lang, hash, made_at)
VALUES (:bank, :number, :id, :level, :period, :topic, :text, :method, :lang, :hash, :made_at);

-- insert_source
INSERT INTO sources (bank, derived, source) VALUES (:bank, :derived, :source) ON CONFLICT DO NOTHING;

-- enqueue
INSERT INTO jobs (bank, kind, subject, created_at) VALUES (:bank, :kind, :subject, :created_at)
ON CONFLICT (bank, kind, subject) DO UPDATE SET fence = fence + 1;

-- load_memories
-- What an index needs of every memory above a number, in its order and units: days as floats,
-- never and put away as infinities, no nulls.
SELECT number, kind, occurred_at, day, thread, seq, trusted, significance, strength,
       last_at / 86400000000.0,
       CASE WHEN fades_at IS NULL THEN 9e999 WHEN fades_at <= -(1 << 62) THEN -9e999
            ELSE fades_at / 86400000000.0 END,
       pinned, ifnull(supersedes, 0), ifnull(superseded_by, 0)
FROM memories WHERE bank = :bank AND number > :above ORDER BY number;

-- load_changed
-- The same of the memories that something has happened to since.
SELECT number, kind, occurred_at, day, thread, seq, trusted, significance, strength,
       last_at / 86400000000.0,
       CASE WHEN fades_at IS NULL THEN 9e999 WHEN fades_at <= -(1 << 62) THEN -9e999
            ELSE fades_at / 86400000000.0 END,
       pinned, ifnull(supersedes, 0), ifnull(superseded_by, 0)
FROM memories
WHERE bank = :bank AND number IN (SELECT memory FROM events WHERE bank = :bank AND number > :above)
ORDER BY number;

-- load_vectors
SELECT number, vector FROM vectors
WHERE bank = :bank AND number > :above AND model = :model AND dim = :dim ORDER BY number;

-- dim_of_vectors
SELECT dim FROM vectors WHERE bank = :bank AND model = :model LIMIT 1;

-- load_terms
SELECT number, hashes, counts FROM terms WHERE bank = :bank AND number > :above ORDER BY number;

-- terms_numbered
SELECT t.number, m.lang, t.hashes
FROM terms t JOIN memories m ON m.bank = t.bank AND m.number = t.number
WHERE t.bank = :bank AND t.number IN (SELECT value FROM json_each(:numbers));

-- memory_of_id
SELECT number FROM memories WHERE bank = :bank AND id = :id;

-- memories_ending
-- Ids are long; people type their tails.
SELECT number, id FROM memories
WHERE bank = :bank AND substr(id, -length(:tail)) = :tail LIMIT 2;

-- memories_numbered
SELECT number, id, kind, occurred_at, day, thread, seq, lang, trusted, born_at, born_with, parts,
       significance, strength, last_at, fades_at, pinned, supersedes, superseded_by
FROM memories WHERE bank = :bank AND number IN (SELECT value FROM json_each(:numbers));

-- memories_of_day
SELECT number, id, kind, occurred_at, day, thread, seq, lang, trusted, born_at, born_with, parts,
       significance, strength, last_at, fades_at, pinned, supersedes, superseded_by
FROM memories WHERE bank = :bank AND day = :day ORDER BY kind, occurred_at, seq, number;

-- memories_fading
-- What will have faded by a moment, and has not yet.
SELECT number, id, kind, occurred_at, day, thread, seq, lang, trusted, born_at, born_with, parts,
       significance, strength, last_at, fades_at, pinned, supersedes, superseded_by
FROM memories
WHERE bank = :bank AND fades_at > :now AND fades_at <= :until AND significance >= :significance
  AND superseded_by IS NULL AND pinned = 0 AND occurred_at <= :now
ORDER BY fades_at, number LIMIT :count;

-- memories_of_days
SELECT number, id, kind, occurred_at, day, thread, seq, lang, trusted, born_at, born_with, parts,
       significance, strength, last_at, fades_at, pinned, supersedes, superseded_by
FROM memories
WHERE bank = :bank AND day IN (SELECT value FROM json_each(:days))
  AND significance >= :significance AND superseded_by IS NULL
ORDER BY significance DESC, number LIMIT :count;

-- memories_all
SELECT number, id, kind, occurred_at, day, thread, seq, lang, trusted, born_at, born_with, parts,
       significance, strength, last_at, fades_at, pinned, supersedes, superseded_by
FROM memories WHERE bank = :bank ORDER BY occurred_at, seq, number;

-- memories_corrected
-- The turns that were corrected, in their order.
SELECT number, id, kind, occurred_at, day, thread, seq, lang, trusted, born_at, born_with, parts,
       significance, strength, last_at, fades_at, pinned, supersedes, superseded_by
FROM memories
WHERE bank = :bank AND kind = 0 AND superseded_by IS NOT NULL ORDER BY occurred_at, seq, number;

-- days_of
-- The newest days on which anything was said, no more than so many (-1: all).
SELECT day FROM memories
WHERE bank = :bank AND kind = 0 AND day BETWEEN :low AND :high AND occurred_at <= :now
GROUP BY day ORDER BY day DESC LIMIT :count;

-- turns_between
SELECT number, id, kind, occurred_at, day, thread, seq, lang, trusted, born_at, born_with, parts,
       significance, strength, last_at, fades_at, pinned, supersedes, superseded_by
FROM memories
WHERE bank = :bank AND kind = 0 AND day BETWEEN :low AND :high AND occurred_at <= :now
ORDER BY occurred_at, seq, number;

-- last_turns
-- The last turns of a bank up to a moment, newest first.
SELECT number FROM memories
WHERE bank = :bank AND kind = 0 AND occurred_at <= :until AND superseded_by IS NULL
ORDER BY day DESC, occurred_at DESC, seq DESC, number DESC LIMIT :count;

-- last_spoken
-- The last turns of the talk itself: what tools brought and what is not trusted is no part of it.
SELECT m.number FROM memories m JOIN turns t ON t.bank = m.bank AND t.number = m.number
WHERE m.bank = :bank AND m.kind = 0 AND m.occurred_at <= :until AND m.superseded_by IS NULL
  AND m.trusted = 1 AND t.channel <> 'tool'
ORDER BY m.day DESC, m.occurred_at DESC, m.seq DESC, m.number DESC LIMIT :count;

-- turns_numbered
SELECT number, external_id, text_hash, conversation, seq, text, reply, speaker, replier, author,
       channel, source, precision, recorded_at
FROM turns WHERE bank = :bank AND number IN (SELECT value FROM json_each(:numbers));

-- turns_of_day
SELECT t.number, t.external_id, t.text_hash, t.conversation, t.seq, t.text, t.reply, t.speaker,
       t.replier, t.author, t.channel, t.source, t.precision, t.recorded_at
FROM memories m JOIN turns t ON t.bank = m.bank AND t.number = m.number
WHERE m.bank = :bank AND m.day = :day AND m.kind = 0 AND m.superseded_by IS NULL
ORDER BY m.occurred_at, m.seq, m.number;

-- turns_called
-- Every version that ever came under a caller's id, newest first.
SELECT number, text_hash FROM turns WHERE bank = :bank AND external_id = :external_id
ORDER BY number DESC;

-- turns_beginning
-- Every turn whose caller's id begins alike, newest first.
SELECT number FROM turns
WHERE bank = :bank AND external_id IS NOT NULL AND external_id >= :low AND external_id < :high
ORDER BY number DESC;

-- newest_turns
-- The turns that came last, newest first; those that were replaced too.
SELECT number FROM turns WHERE bank = :bank ORDER BY number DESC LIMIT :count;

-- turns_of_source
SELECT number FROM turns WHERE bank = :bank AND source = :source;

-- update_state
UPDATE memories SET significance = :significance, strength = :strength, last_at = :last_at,
                    fades_at = :fades_at, pinned = :pinned
WHERE bank = :bank AND number = :number;

-- supersede
UPDATE memories SET superseded_by = :by WHERE bank = :bank AND number = :number;

-- pass_on
-- Whoever was replaced by an erased memory is replaced by its heir, or stands again.
UPDATE memories SET superseded_by = :heir WHERE bank = :bank AND superseded_by = :number;

-- take_over
UPDATE memories SET supersedes = :old WHERE bank = :bank AND supersedes = :number;

-- erase_memory
DELETE FROM memories WHERE bank = :bank AND number = :number;

-- erase_turn
DELETE FROM turns WHERE bank = :bank AND number = :number;

-- erase_recalls_by
-- What an erased turn recalled stays strengthened; the turn itself is no longer named.
UPDATE events SET turn = NULL WHERE bank = :bank AND turn = :number;

-- recalled_by
SELECT memory FROM events WHERE bank = :bank AND turn = :turn AND kind = 'recall';

-- drop_recalls_by
-- A turn that is answered anew recalls anew.
DELETE FROM events WHERE bank = :bank AND turn = :turn AND kind = 'recall';

-- set_reply
UPDATE turns SET reply = :reply, text_hash = :text_hash WHERE bank = :bank AND number = :number;

-- events_of
SELECT number, kind, at, turn, effect, retained FROM events
WHERE bank = :bank AND memory = :memory ORDER BY at, number;

-- events_until
-- The whole log of a bank up to a moment, for travelling in time.
SELECT memory, kind, at, effect FROM events WHERE bank = :bank AND at <= :until ORDER BY memory, at, number;

-- events_after
-- Which memories something happened to after a moment.
SELECT DISTINCT memory FROM events WHERE bank = :bank AND at > :at;

-- newest_event
SELECT max(at) FROM events WHERE bank = :bank AND number > :above;

-- highest_number
SELECT next - 1 FROM banks WHERE bank = :bank;

-- derived_at
SELECT number, id, level, period, topic, text, method, lang, hash, made_at
FROM derived WHERE bank = :bank AND level = :level AND period = :period;

-- derived_of_level
SELECT number, id, level, period, topic, text, method, lang, hash, made_at
FROM derived WHERE bank = :bank AND level = :level ORDER BY period, number;

-- derived_between
SELECT number, id, level, period, topic, text, method, lang, hash, made_at
FROM derived WHERE bank = :bank AND level = :level AND period BETWEEN :first AND :last ORDER BY period;

-- derived_numbered
SELECT number, id, level, period, topic, text, method, lang, hash, made_at
FROM derived WHERE bank = :bank AND number IN (SELECT value FROM json_each(:numbers));

-- statements_of_day
SELECT number FROM derived WHERE bank = :bank AND level = 'statement' AND period = :period;

-- derived_from
SELECT derived FROM sources WHERE bank = :bank AND source = :source;

-- memories_replaced
-- What a newer memory stands for that had come by a moment.
SELECT m.number FROM memories m JOIN memories n ON n.bank = m.bank AND n.number = m.superseded_by
WHERE m.bank = :bank AND n.occurred_at <= :until;

-- derived_outdated
-- What was derived from some turns, beside each of them.
SELECT derived, source FROM sources
WHERE bank = :bank AND source IN (SELECT value FROM json_each(:numbers));

-- sources_of
SELECT source FROM sources WHERE bank = :bank AND derived = :derived ORDER BY source;

-- audit_turns
-- Every turn with where it came from, in order of time.
SELECT t.number, m.id, t.source, t.channel, t.author, m.trusted, t.text, t.reply, m.lang,
       m.occurred_at, m.supersedes, m.superseded_by
FROM turns t JOIN memories m ON m.bank = t.bank AND m.number = t.number
WHERE t.bank = :bank ORDER BY m.occurred_at, m.seq, m.number;

-- audit_recalls
SELECT memory, turn, at FROM events WHERE bank = :bank AND kind = 'recall' ORDER BY at, number;

-- audit_derived
-- What was derived, a row for each of its sources.
SELECT d.number, d.id, d.level, d.period, s.source
FROM derived d JOIN sources s ON s.bank = d.bank AND s.derived = d.number
WHERE d.bank = :bank ORDER BY d.number, s.source;

-- erase_derived
DELETE FROM derived WHERE bank = :bank AND number = :number;

-- jobs_of
SELECT kind, subject, created_at, run_after, attempts, error, fence FROM jobs
WHERE bank = :bank ORDER BY kind, subject;

-- jobs_of_kind
SELECT kind, subject, created_at, run_after, attempts, error, fence FROM jobs
WHERE bank = :bank AND kind = :kind ORDER BY subject;

-- job_done
-- Only if nobody has asked for it again meanwhile.
DELETE FROM jobs WHERE bank = :bank AND kind = :kind AND subject = :subject AND fence = :fence;

-- job_failed
UPDATE jobs SET attempts = attempts + 1, error = :error, run_after = :run_after
WHERE bank = :bank AND kind = :kind AND subject = :subject;

-- forget_job
DELETE FROM jobs WHERE bank = :bank AND kind = :kind AND subject = :subject;

-- numbers_without_vector
SELECT m.number FROM memories m LEFT JOIN vectors v
  ON v.bank = m.bank AND v.number = m.number AND v.model = :model
WHERE m.bank = :bank AND m.number > :above AND v.number IS NULL ORDER BY m.number LIMIT :count;

-- count_memories
SELECT count(*) FROM memories WHERE bank = :bank;

-- count_without_vector
SELECT count(*) FROM memories m LEFT JOIN vectors v
  ON v.bank = m.bank AND v.number = m.number AND v.model = :model
WHERE m.bank = :bank AND v.number IS NULL;

-- kept_orphans
-- What stands in one table and misses its other half in the next; a sound file gives nothing.
SELECT 'a turn without its memory', number FROM turns t
WHERE bank = :bank AND NOT EXISTS (SELECT 1 FROM memories m WHERE m.bank = t.bank AND m.number = t.number)
UNION ALL
SELECT 'a memory without its text', number FROM memories m
WHERE bank = :bank AND kind = 0
  AND NOT EXISTS (SELECT 1 FROM turns t WHERE t.bank = m.bank AND t.number = m.number)
UNION ALL
SELECT 'a memory without its words', number FROM memories m
WHERE bank = :bank AND NOT EXISTS (SELECT 1 FROM terms x WHERE x.bank = m.bank AND x.number = m.number)
UNION ALL
SELECT 'a summary without its sources', number FROM derived d
WHERE bank = :bank AND NOT EXISTS (SELECT 1 FROM sources s WHERE s.bank = d.bank AND s.derived = d.number);

-- all_banks
-- For the doctor, who looks at every bank of a file.
SELECT bank, name FROM banks ORDER BY bank;

-- next_salt
-- The salts of a file's tombstones, one after the other; few files have more than one.
SELECT min(salt) FROM tombstones WHERE salt > :after;

-- marks_of
SELECT mark FROM tombstones WHERE salt = :salt AND realm = :realm;

-- insert_tombstone
INSERT INTO tombstones (salt, realm, mark, at) VALUES (:salt, :realm, :mark, :at) ON CONFLICT DO NOTHING;

-- all_tombstones
-- For the list beside the file, and for a backup that takes the file's place.
SELECT salt, realm, mark, at FROM tombstones ORDER BY salt, realm, mark;

-- ask_chore
INSERT INTO chores (name) VALUES (:name) ON CONFLICT (name) DO UPDATE SET fence = fence + 1;

-- chore
SELECT fence FROM chores WHERE name = :name;

-- chore_done
-- Only if nobody has asked for it again meanwhile.
DELETE FROM chores WHERE name = :name AND fence = :fence;

-- replace_all
-- Put the banks of an attached file in the place of all that is here. Versions go up beyond what
-- any index in memory has seen; what was erased here stays known.
DELETE FROM main.jobs; DELETE FROM main.sources; DELETE FROM main.events; DELETE FROM main.terms;
DELETE FROM main.vectors; DELETE FROM main.derived; DELETE FROM main.memories; DELETE FROM main.turns;
CREATE TEMP TABLE seen AS SELECT ifnull(max(version), 0) AS version, ifnull(max(edition), 0) AS edition
FROM main.banks;
DELETE FROM main.banks;
INSERT INTO main.banks SELECT * FROM fresh.banks;
UPDATE main.banks SET version = version + 1 + (SELECT version FROM temp.seen),
                      edition = edition + 1 + (SELECT edition FROM temp.seen);
DROP TABLE temp.seen;
INSERT INTO main.turns SELECT * FROM fresh.turns; INSERT INTO main.memories SELECT * FROM fresh.memories;
INSERT INTO main.vectors SELECT * FROM fresh.vectors; INSERT INTO main.terms SELECT * FROM fresh.terms;
INSERT INTO main.events SELECT * FROM fresh.events; INSERT INTO main.derived SELECT * FROM fresh.derived;
INSERT INTO main.sources SELECT * FROM fresh.sources; INSERT INTO main.jobs SELECT * FROM fresh.jobs;
INSERT INTO main.tombstones SELECT * FROM fresh.tombstones WHERE true ON CONFLICT DO NOTHING;
INSERT INTO main.chores SELECT * FROM fresh.chores WHERE true ON CONFLICT DO NOTHING;

-- turns_all
SELECT number, external_id, text_hash, conversation, seq, text, reply, speaker, replier, author,
       channel, source, precision, recorded_at
FROM turns WHERE bank = :bank ORDER BY number;

-- derived_all
SELECT number, id, level, period, topic, text, method, lang, hash, made_at
FROM derived WHERE bank = :bank ORDER BY number;

-- sources_all
SELECT derived, source FROM sources WHERE bank = :bank ORDER BY derived, source;

-- vectors_all
SELECT number, model, dim, text_hash, vector FROM vectors WHERE bank = :bank ORDER BY number;

-- events_all
SELECT number, memory, kind, turn FROM events WHERE bank = :bank ORDER BY number;

-- next_number
SELECT next FROM banks WHERE bank = :bank;

-- stray_banks
-- Banks that rows speak of and that are not there.
SELECT bank FROM (SELECT bank FROM turns UNION SELECT bank FROM memories UNION SELECT bank FROM vectors
                  UNION SELECT bank FROM terms UNION SELECT bank FROM events UNION SELECT bank FROM derived
                  UNION SELECT bank FROM sources UNION SELECT bank FROM jobs)
WHERE bank NOT IN (SELECT bank FROM banks) ORDER BY bank;

-- recover_bank
-- Turns whose bank was lost get one of a new name; its vectors tell the model.
INSERT INTO banks (bank, tenant, name, id, lang, zone, seed, preset, embedder, created_at)
VALUES (:bank, '', 'recovered ' || :bank || ' ' || substr(:id, -8), :id, 'en', 'UTC', :seed, 'gentle',
        (SELECT max(model) FROM vectors WHERE bank = :bank), :created_at);

-- set_next
UPDATE banks SET next = :next WHERE bank = :bank;

-- set_zone
UPDATE banks SET zone = :zone WHERE bank = :bank;

-- set_place
-- Where a turn stands, from what its text and its time say.
UPDATE memories SET day = :day, thread = :thread, seq = :seq, parts = :parts
WHERE bank = :bank AND number = :number;

-- set_chain
UPDATE memories SET supersedes = :supersedes, superseded_by = :superseded_by
WHERE bank = :bank AND number = :number;

-- drop_vector
DELETE FROM vectors WHERE bank = :bank AND number = :number;

-- drop_terms
DELETE FROM terms WHERE bank = :bank AND number = :number;

-- drop_event
DELETE FROM events WHERE bank = :bank AND number = :number;

-- drop_sources
DELETE FROM sources WHERE bank = :bank AND derived = :number;

-- banks_with_jobs
-- For a worker: which banks have work that may be begun, and the first piece of each kind.
SELECT b.bank, b.tenant, b.name, b.zone, j.kind, min(j.subject), count(*)
FROM jobs j JOIN banks b ON b.bank = j.bank
WHERE j.run_after <= :now AND j.lease_until <= :now GROUP BY b.bank, j.kind ORDER BY min(j.created_at);

-- lease_jobs
-- Take all of a bank's jobs, unless somebody holds any of them.
UPDATE jobs SET lease_until = :until
WHERE bank = :bank AND NOT EXISTS (SELECT 1 FROM jobs h WHERE h.bank = :bank AND h.lease_until > :now)
RETURNING 1;

-- renew_lease
-- Hold on to a bank's jobs, and to those that have come since.
UPDATE jobs SET lease_until = :until WHERE bank = :bank AND lease_until IN (0, :held);

-- release_lease
UPDATE jobs SET lease_until = 0 WHERE bank = :bank AND lease_until = :held;

-- count_jobs
-- How much work waits in the whole file, by kind, and how much of it has failed before.
SELECT b.tenant, j.kind, count(*), sum(j.attempts > 0)
FROM jobs j JOIN banks b ON b.bank = j.bank GROUP BY b.tenant, j.kind;

-- any_bank
-- For a health check: whether the file can be read at all.
SELECT 1 FROM banks LIMIT 1;
