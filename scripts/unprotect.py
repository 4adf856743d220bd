"""Take out each protection in turn and see that its test fails.

    python scripts/unprotect.py            all of them, some minutes
    python scripts/unprotect.py guard 11   those whose name holds one of these

A test that passes without what it is there for proves nothing, nor does one that fails with it, so
each is run as things stand too. Works on a copy of the project in
a temporary folder; prints one line a protection, and fails if any test still passes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
STORE, VERBS, SERVER = "memorybank/store", "memorybank/verbs", "siliconfriend/server"
GUARDED = "tests/server/test_guard.py"


@dataclass(frozen=True)
class Protection:
    """What is replaced by what, and the test that must fail then."""

    name: str
    file: str
    there: str
    instead: str
    test: str


PROTECTIONS = [
    Protection("1 every commit is synchronised", f"{STORE}/sqlite.py",
               'pragma("synchronous", "full")', 'pragma("synchronous", "normal")',
               "tests/trust/test_power.py -k part0 or no_cut"),
    Protection("1 one transaction for a turn and all of it", f"{STORE}/sqlite.py",
               'with transaction(self._writer, "BEGIN IMMEDIATE"):', "if True:",
               "tests/test_store.py -k no_trace"),
    Protection("2 the doctor replays the log", f"{VERBS}/doctor.py",
               'yield chart.find("wrong state", number)', "pass",
               "tests/test_promises_doctor.py -k pinned"),
    Protection("2 the doctor cuts the text into words", f"{VERBS}/doctor.py",
               'yield chart.find("wrong words", number)', "pass",
               "tests/test_promises_doctor.py -k counts"),
    Protection("2 the doctor keeps the file as it was", f"{VERBS}/mending.py",
               "kept = kept or care.set_aside(path)", "kept = kept",
               "tests/test_promises_doctor.py -k pinned"),
    Protection("3 writers queue from their first statement", f"{STORE}/sqlite.py",
               '"BEGIN IMMEDIATE"):\n                yield', '"BEGIN"):\n                yield',
               "tests/test_store.py -k four_processes"),
    Protection("3 an index follows its bank's version", f"{VERBS}/shelf.py",
               "if volume.index is not None and volume.version == bank.version:",
               "if volume.index is not None:", "tests/test_store.py -k warm_bank"),
    Protection("4 a reply of nothing is none", "memorybank/models.py",
               "    if not something:", "    if False:", "tests/test_llms.py -k nothing_is"),
    Protection("4 an endless reply is stopped", "memorybank/models.py",
               "            raise ReplyCut(", "            return ReplyCut(",
               "tests/test_llms.py -k never_ends or drips"),
    Protection("4 halves of characters are joined", "memorybank/models.py",
               "in whole_pieces(_bounded(llm, pieces))", "in _bounded(llm, pieces)",
               "tests/test_whole_characters.py -k goes_on"),
    Protection("4 a reply cut by its length is none", "memorybank/adapters/openai_llm.py",
               "        if reason in _CUT:", "        if False:",
               "tests/test_openai_llm.py -k every_fault"),
    Protection("4 a line that breaks off is no end", "memorybank/adapters/openai_llm.py",
               "                return\n        raise cut(self",
               "                return\n        (self",
               "tests/test_openai_llm.py -k every_fault"),
    Protection("4 replies are judged", f"{VERBS}/condense.py",
               "        reply = complete(self.llm, asked, style)",
               "        return complete(self.llm, asked, style)",
               "tests/test_digest_model.py -k bad_reply"),
    Protection("4 judged: empty", "memorybank/judge.py",
               "    if is_blank(text):", "    if False:", "tests/test_judge.py -k nothing_is"),
    Protection("4 judged: refused", "memorybank/judge.py",
               "    if is_refusal(text):", "    if False:", "tests/test_judge.py -k refusal"),
    Protection("4 judged: echoed", "memorybank/judge.py",
               "if echoes(text, instruction, lang) or copies(text, material):", "if False:",
               "tests/test_judge.py -k echo"),
    Protection("4 judged: over-long", "memorybank/judge.py",
               "    if len(text) > most:", "    if False:",
               "tests/test_judge.py -k past_all_bounds"),
    Protection("4 judged: in another language", "memorybank/judge.py",
               "    if not speaks(text, lang):", "    if False:",
               "tests/test_judge.py -k other_language"),
    Protection("4 judged: made up", "memorybank/judge.py",
               "    if grounded and not is_borne_out(text, material):", "    if False:",
               "tests/test_judge.py -k platitudes"),
    Protection("4 an insight that nothing bears out is none", f"{VERBS}/condense.py",
               "        if read.insight is None:", "        if False:",
               "tests/test_digest_model.py -k bears_out"),
    Protection("4 what a model wrote well stays where it fails", f"{VERBS}/condense.py",
               "            plan = replace(plan, keeps=plan.keeps | {what})", "            pass",
               "tests/test_digest_model.py -k bad_reply"),
    Protection("4 an echo is no reply in a talk", "siliconfriend/friend.py",
               "if self.reply and (echoes(", "if False and (echoes(",
               "tests/test_friend.py -k echoes_its_prompt"),
    Protection("4 one transaction a write", f"{STORE}/sqlite.py",
               'with transaction(self._writer, "BEGIN IMMEDIATE"):', "if True:",
               "tests/test_promises_faults.py -k statement_that_fails"),
    Protection("4 an index forgets what was rolled back", f"{VERBS}/desk.py",
               "if volume is not None and not committed:", "if False:",
               "tests/test_promises_faults.py -k statement_that_fails"),
    Protection("4 directions are checked: shape", "memorybank/models.py",
               "if array.ndim != 2 or array.shape[1] != dim:", "if False:",
               "tests/test_promises_faults.py -k embedder_that_fails"),
    Protection("4 directions are checked: numbers", "memorybank/models.py",
               "if not np.isfinite(lengths).all() or (lengths == 0).any():", "if False:",
               "tests/test_promises_faults.py -k embedder_that_fails"),
    Protection("5 the file is rewritten (vacuum)", f"{STORE}/scrub.py",
               'connection.execute("VACUUM")', "pass",
               "tests/test_promises_erase.py -k gap"),
    Protection("5 the log is emptied", f"{STORE}/scrub.py",
               "connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)", "pass",
               "tests/test_promises_erase.py -k nothing_of_it"),
    Protection("5 what is derived goes too", f"{VERBS}/erase.py",
               "            self.erase_derived(derived)", "            pass",
               "tests/test_promises_erase.py -k nothing_of_it"),
    Protection("5 copies from before a migration go", f"{STORE}/scrub.py",
               "        remove(copy)", "        pass",
               "tests/test_promises_erase.py -k automatic_copies"),
    Protection("5 what was set aside is erased alike", f"{VERBS}/erase.py",
               "        _erase_in_copy(copy, stones)", "        pass",
               "tests/test_promises_erase.py -k automatic_copies"),
    Protection("5 a killed erasure is finished by the next", "memorybank/bank.py",
               "        erase.finish(store)", "        pass",
               "tests/test_promises_erase.py -k between_the_commit"),
    Protection("5 tombstones are set", f"{VERBS}/erase.py",
               "tombstones.bury(self.tx, bank.tenant, bank.name, self.signs, to_us(self.now))",
               "pass", "tests/test_promises_erase.py -k older_backup"),
    Protection("5 restore erases again", f"{VERBS}/restore.py",
               "count = erase_buried(fresh, _stones(target))", "count = 0",
               "tests/test_promises_erase.py -k older_backup"),
    Protection("5 a list of tombstones beside the file", f"{STORE}/sqlite.py",
               "write_list(self.path, all_stones(tx))", "pass",
               "tests/test_promises_erase.py -k is_lost"),
    Protection("5 an import leaves out what was erased", f"{VERBS}/remember.py",
               "if self._buried(turn, fingerprint):", "if False:",
               "tests/test_promises_erase.py -k import_does_not"),
    Protection("5 and what the file says beside it", "memorybank/intake.py",
               "said if left_out else volume.extra", "volume.extra",
               "tests/test_promises_erase.py -k import_does_not"),
    Protection("5 a mark is hashed with a salt", f"{STORE}/tombstones.py",
               "digest_size=MARK_BYTES, key=salt)", "digest_size=MARK_BYTES)",
               "tests/test_promises_erase.py -k without_the_salt"),
    Protection("6 an id is looked for in its bank alone", f"{STORE}/queries.sql",
               "WHERE bank = :bank AND id = :id;", "WHERE id = :id;",
               "tests/test_promises_apart.py -k foreign_id"),
    Protection("6 an index is loaded of its bank alone", f"{STORE}/queries.sql",
               "FROM memories WHERE bank = :bank AND number > :above ORDER BY number;",
               "FROM memories WHERE number > :above ORDER BY number;",
               "tests/test_promises_apart.py -k crowd"),
    Protection("6 the number of an erased bank opens no other", f"{VERBS}/shelf.py",
               "(current := BankRow(*row)).id != bank_id", "not (current := BankRow(*row))",
               "tests/test_promises_apart.py -k erased_banks_number"),
    Protection("7 a copy before a migration", f"{STORE}/sqlite.py",
               "            _keep_old(path, have)", "            pass",
               "tests/test_promises_files.py -k opens_and_tells"),
    Protection("7 a file from the future is refused", f"{STORE}/sqlite.py",
               "    if have > newest:", "    if False:", "tests/test_promises_files.py -k future"),
    Protection("8 restore is one transaction", f"{STORE}/care.py",
               'with transaction(writer, "BEGIN IMMEDIATE"):', "if True:",
               "tests/test_promises_files.py -k full_disk"),
    Protection("8 an index in memory sees a restore", f"{STORE}/queries.sql",
               "edition = edition + 1 + (SELECT edition FROM temp.seen)", "edition = edition",
               "tests/test_promises_files.py -k who_has_it_open"),
    Protection("8 a lost file's log meets no other file", f"{STORE}/care.py",
               "        remove(target)  # a log", "        pass  # a log",
               "tests/test_promises_files.py -k lost_never"),
    Protection("8 a backup is checked", f"{STORE}/sqlite.py",
               'if copy.pragma("integrity_check") != "ok":', "if False:",
               "tests/test_promises_files.py -k not_sound"),
    Protection("9 markers are taken out", "memorybank/compose.py",
               '_MARKERS.sub(" ", _CONTROLS.sub("", text)).strip()',
               '_CONTROLS.sub("", text).strip()',
               "tests/test_promises_poison.py -k template_token"),
    Protection("9 hidden characters are taken out", "memorybank/compose.py",
               '_MARKERS.sub(" ", _CONTROLS.sub("", text)).strip()',
               '_MARKERS.sub(" ", text).strip()',
               "tests/test_promises_poison.py -k nothing_is_hidden"),
    Protection("9 notes stand in the user's message", "memorybank/compose.py",
               '"content": self.parts.instruction}',
               '"content": self.parts.instruction + self._block()}',
               "tests/test_promises_poison.py -k context_keeps"),
    Protection("9 names are neutral in a digest", "memorybank/summarise.py",
               "{neutral(name)}{tag}", "{name}{tag}",
               "tests/test_promises_poison.py -k digest_keeps"),
    Protection("9 what is not trusted grows no stronger", f"{VERBS}/log.py",
               "if row.trusted and row.number != by:", "if row.number != by:",
               "tests/test_promises_poison.py -k never_grows"),
    Protection("9 what is not trusted feeds no portrait", "memorybank/portray.py",
               "if turn.by_user and turn.trusted and turn.text", "if turn.by_user and turn.text",
               "tests/test_promises_poison.py -k feeds_the_portrait"),
    Protection("9 tools are no part of the talk", f"{STORE}/queries.sql",
               "AND m.trusted = 1 AND t.channel <> 'tool'", "",
               "tests/test_promises_poison.py -k tools_bring"),
    Protection("9 a source has its share", "memorybank/compose.py",
               "let_in = {*within[:places], *beyond[: max(0, places - len(within))]}",
               "let_in = {hit.id for hit in hits[:places]}",
               "tests/test_promises_poison.py -k flood"),
    Protection("9 a source goes whole", f"{VERBS}/audit.py",
               "ids=[turn.id for turn in turns])", "ids=[turns[0].id])",
               "tests/test_audit.py -k taken_back"),
    Protection("10 a clock set back harms none", "memorybank/forget.py",
               "math.exp(-max(0.0, now - last) / strength)", "math.exp(-(now - last) / strength)",
               "tests/test_promises_time.py -k any_log"),
    Protection("10 a recall in the past moves nothing back", "memorybank/forget.py",
               "state = replace(before, put_away=False, last=max(before.last, at))",
               "state = replace(before, put_away=False, last=at)",
               "tests/test_forget.py tests/test_promises_time.py"),
    Protection("11 files are private", f"{STORE}/files.py",
               "PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700",
               "PRIVATE_FILE, PRIVATE_FOLDER = 0o644, 0o755",
               "tests/test_promises_private.py -k umask"),
    Protection("11 whatever the umask", f"{STORE}/files.py",
               "os.fchmod(handle, PRIVATE_FILE)", "pass",
               "tests/test_promises_private.py -k umask"),
    Protection("11 nothing in temporary files", f"{STORE}/sqlite.py",
               'connection.pragma("temp_store", "memory")', "pass",
               "tests/test_promises_private.py -k temporary"),
    Protection("guard: Host is one of ours", f"{SERVER}/guard.py",
               "if sender.host not in self.serving.hosts:", "if False:",
               f"{GUARDED} -k another_host"),
    Protection("guard: there is one Host", f"{SERVER}/guard.py",
               'hosts[0].lower() if len(hosts) == 1 else ""', 'hosts[0].lower() if hosts else ""',
               f"{GUARDED} -k two_hosts"),
    Protection("guard: Origin is ours", f"{SERVER}/guard.py",
               "if sender.origin is not None and sender.origin not in self.serving.origins:",
               "if False:", f"{GUARDED} -k another_origin"),
    Protection("guard: nothing from another site", f"{SERVER}/guard.py",
               'if sender.site not in (None, "none", "same-origin") and not entering:', "if False:",
               f"{GUARDED} -k comes_from_elsewhere"),
    Protection("guard: a cookie alone changes nothing", f"{SERVER}/guard.py",
               "if changes and sender.cookie and sender.origin is None and sender.site is None:",
               "if False:", f"{GUARDED} -k cookie_alone"),
    Protection("guard: sockets say where they come from", f"{SERVER}/guard.py",
               'if scope["type"] == "websocket" and sender.cookie and sender.origin is None:',
               "if False:", f"{GUARDED} -k sockets"),
    Protection("guard: every path needs a key", f"{SERVER}/guard.py",
               'if scope["path"] not in OPEN_PATHS:', 'if scope["path"].startswith("/v1"):',
               f"{GUARDED} -k every_path"),
    Protection("guard: a key's secret is checked", f"{SERVER}/keys.py",
               "if row is None or not fits or", "if row is None or", f"{GUARDED} -k one_letter"),
    Protection("guard: a link is no key", f"{SERVER}/keys.py",
               'or (row[2] == "link" and not entering):', "or False:", f"{GUARDED} -k is_no_key"),
    Protection("guard: a key expires", f"{SERVER}/keys.py",
               "        if key.expires_at and key.expires_at <= self.clock():", "        if False:",
               "tests/server/test_rest.py -k key_expires"),
    Protection("guard: a session dies with its key", f"{SERVER}/keys.py",
               "parent=None if link else key.parent or key.id", "parent=None",
               f"{GUARDED} -k dies_with"),
    Protection("guard: a key has a rate", f"{SERVER}/guard.py",
               'self.buckets.take(f"key {key.id}", key.rate or self.serving.rate)', "pass",
               f"{GUARDED} -k has_a_rate"),
    Protection("guard: strangers have a rate", f"{SERVER}/guard.py",
               "self.buckets.take(_address(scope), self.serving.stranger_rate)\n            raise",
               "raise", f"{GUARDED} -k strangers"),
    Protection("guard: signing in has a rate", f"{SERVER}/guard.py",
               'elif scope["path"] == SIGN_IN:', "elif False:", f"{GUARDED} -k signing_in_has"),
    Protection("guard: so many at once", f"{SERVER}/guard.py",
               "if self.running >= self.serving.at_once:", "if False:",
               f"{GUARDED} -k more_at_once"),
    Protection("guard: a length is a number within the limit", f"{SERVER}/guard.py",
               "if len(length) > 15 or not length.isdecimal() or int(length) > limit:", "if False:",
               f"{GUARDED} -k past_the_limit"),
    Protection("guard: a body is counted", f"{SERVER}/guard.py",
               "if self.taken > self.limit:", "if False:", f"{GUARDED} -k past_the_limit"),
    Protection("guard: a body has its time", f"{SERVER}/guard.py",
               "raise _Unfit(TooSlow()) from None", 'return {"type": "http.disconnect"}',
               f"{GUARDED} -k does_not_arrive"),
    Protection("guard: security headers", f"{SERVER}/guard.py",
               "own = [(n, v) for n, v in HEADERS.items() if n not in there]", "own = []",
               f"{GUARDED} -k security_headers"),
    Protection("guard: an error quotes nobody", f"{SERVER}/problems.py",
               '"unforeseen %s at %s", type(error).__name__,', '"unforeseen %s at %s", error,',
               f"{GUARDED} -k foresaw"),
    Protection("guard: a public address needs keys", f"{SERVER}/cli.py",
               "if not serving.loopback and not keys.usable():", "if False:",
               f"{GUARDED} -k public_address"),
    Protection("guard: a key may what its scopes say", f"{SERVER}/keys.py",
               "return scope in self.scopes", "return True",
               "tests/server/test_rest.py -k scopes_say"),
    Protection("guard: a key of one bank opens no other", f"{SERVER}/house.py",
               "if key.bank and wanted != key.bank:", "if False:",
               "tests/server/test_rest.py -k opens_no_other"),
    Protection("guard: the tenant is the key's", f"{SERVER}/house.py",
               "            key.tenant, wanted,", '            "", wanted,',
               "tests/server/test_rest.py -k another_tenants"),
]  # fmt: skip


def run(folder: Path, test: str) -> bool:
    """Run a test in the copy; says whether it passed."""
    where, _, words = test.partition(" -k ")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *where.split()]
    command += ["-k", words] if words else []
    env = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, timeout=900, check=False
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"{test}: {done.stdout.decode()[-2000:]}")
    return done.returncode == 0


def main(wanted: list[str]) -> int:
    """Take out what is wanted, one after the other; returns how many tests did not notice."""
    unnoticed = 0
    sound: set[str] = set()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in ("memorybank", "siliconfriend", "tests", "scripts"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        shutil.copy2(ROOT / "pyproject.toml", folder)
        for one in PROTECTIONS:
            if not any(words in one.name for words in wanted):
                continue
            if one.test not in sound and not run(folder, one.test):
                raise SystemExit(f"{one.test} fails as things stand")
            sound.add(one.test)
            path = folder / one.file
            whole = path.read_text("utf-8")
            if one.there not in whole:
                raise SystemExit(f"{one.name}: {one.file} has changed, look at it again")
            path.write_text(whole.replace(one.there, one.instead), "utf-8")
            passed = run(folder, one.test)
            path.write_text(whole, "utf-8")
            unnoticed += passed
            print(f"{'NOT NOTICED' if passed else 'noticed':12}{one.name}", flush=True)
    return unnoticed


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1:] or [""])))
