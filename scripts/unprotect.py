"""Take out each protection in turn and see that its test fails.

    python scripts/unprotect.py            all of them, some minutes
    python scripts/unprotect.py vacuum     those whose name holds this

A test that passes without what it is there for proves nothing. Works on a copy of the project in
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
STORE, VERBS = "memorybank/store", "memorybank/verbs"


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


def main(wanted: str) -> int:
    """Take out what is wanted, one after the other; returns how many tests did not notice."""
    unnoticed = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in ("memorybank", "siliconfriend", "tests", "scripts"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        shutil.copy2(ROOT / "pyproject.toml", folder)
        for one in PROTECTIONS:
            if wanted not in one.name:
                continue
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
    sys.exit(min(1, main(sys.argv[1] if len(sys.argv) > 1 else "")))
