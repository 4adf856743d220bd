"""Keys by themselves: what each is good for, until when, and what the file keeps of it."""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from memorybank.errors import BadInput, NotFound, StoreError
from siliconfriend.server.keys import KEY_FILE, SCOPES, KeyRing, checked_scopes
from siliconfriend.server.refusals import NoKey

NOW = 1_000_000.75
DAY = 86_400


class Time:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def ring(tmp_path: Path, time: Time) -> Iterator[KeyRing]:
    opened = KeyRing(tmp_path / "deep" / "keys" / KEY_FILE, clock=time)
    yield opened
    opened.close()
    opened.close()


def rows(ring: KeyRing) -> list[tuple]:
    return ring._db.execute("SELECT id, kind, parent, digest FROM keys ORDER BY id").fetchall()


def test_the_file_is_private_and_keeps_what_it_is_given(ring: KeyRing, tmp_path: Path):
    folder, file = tmp_path / "deep" / "keys", tmp_path / "deep" / "keys" / KEY_FILE
    assert ring.path == file
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    settings = {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1,
        "busy_timeout": 10_000,
    }  # fmt: skip
    assert {name: ring._db.pragma(name) for name in settings} == settings


def test_an_older_file_is_opened_as_it_is(ring: KeyRing, time: Time):
    made = ring.make("mine")
    again = KeyRing(ring.path, clock=time)
    assert again.find(made.token).id == made.key.id
    again.close()


def test_a_file_that_is_none_is_named(tmp_path: Path):
    (tmp_path / KEY_FILE).write_bytes(b"no keys here " * 99)
    with pytest.raises(StoreError, match=re.escape(str(tmp_path / KEY_FILE))):
        KeyRing(tmp_path / KEY_FILE)


def test_a_key_as_it_is_made_by_default(ring: KeyRing):
    made = ring.make()
    form = re.fullmatch(r"sf-([a-z2-7]{12})-([A-Za-z0-9_-]{43})", made.token)
    assert form and form[1] == made.key.id
    key = made.key
    assert (key.kind, key.parent, key.name, key.tenant, key.bank) == ("key", None, "", "", "")
    assert key.scopes == set(SCOPES) == {"read", "write", "erase", "admin"}
    assert (key.rate, key.created_at, key.expires_at, key.used_at) == (0.0, 1_000_000, 0, 0)
    assert ring.find(made.token) == key
    assert rows(ring) == [(key.id, "key", None, hashlib.sha256(form[2].encode()).digest())]
    assert ring.make().token != made.token


def test_a_key_is_found_as_it_was_wished_for(ring: KeyRing):
    made = ring.make(
        " laptop\x00 ", tenant=" clara ", bank=" emily ", scopes=["erase", "read"], rate=2.5,
        seconds=90,
    )  # fmt: skip
    key = ring.find(made.token)
    assert key == made.key
    assert (key.name, key.tenant, key.bank) == ("laptop", "clara", "emily")
    assert (key.scopes, key.rate, key.expires_at) == ({"read", "erase"}, 2.5, 1_000_090)
    assert key.may("read") and key.may("erase") and not key.may("write") and not key.may("admin")


def test_names_have_a_longest_and_it_is_told_which(ring: KeyRing):
    ring.make("n" * 200, tenant="t" * 200, bank="b" * 200)
    for what in ("name", "tenant", "bank"):
        with pytest.raises(BadInput) as refused:
            ring.make(**{what: "x" * 201})
        assert refused.value.say("en") == f"a key's {what} has at most 200 characters"
        assert refused.value.say("zh") == f"密钥的 {what} 最多 200 个字"


@pytest.mark.parametrize("wish", [{"rate": -0.1}, {"seconds": 0}, {"seconds": -1}])
def test_rate_and_lifetime_are_above_nothing(ring: KeyRing, wish: dict[str, float]):
    with pytest.raises(BadInput) as refused:
        ring.make(**wish)
    assert refused.value.say("en") == "a key's rate and lifetime are above 0"
    assert refused.value.say("zh") == "密钥的速率和有效期都要大于 0"
    assert ring.make(seconds=1).key.expires_at == 1_000_001


def test_scopes_are_some_of_four():
    assert checked_scopes(["read", "read", "admin"]) == {"read", "admin"}
    for wrong in ([], ["root"], ["read", "root"]):
        with pytest.raises(BadInput) as refused:
            checked_scopes(wrong)
        assert refused.value.say("en") == "scopes are one or more of read, write, erase, admin"
        assert refused.value.say("zh") == "权限是 read、write、erase、admin 中的一项或几项"


# -- sessions and links ---------------------------------------------------------------------


def test_a_session_can_do_what_its_key_can(ring: KeyRing):
    key = ring.make("mine", tenant="t", bank="b", scopes=["read"], rate=3.0).key
    made = ring.session(key)
    session = made.key
    assert (
        ring.find(made.token)
        == session
        == replace(
            key, id=session.id, kind="session", parent=key.id, expires_at=1_000_000 + 30 * DAY
        )
    )
    assert ring.session(session).key.parent == key.id, "whoever comes again hangs on the same key"


@pytest.mark.parametrize(("seconds", "left"), [(90, 90), (40 * DAY, 30 * DAY)])
def test_a_session_lasts_a_month_and_no_longer_than_its_key(
    ring: KeyRing, seconds: float, left: int
):
    key = ring.make(seconds=seconds).key
    expires = ring.session(key).key.expires_at
    assert 1_000_000 + left - 1 <= expires <= 1_000_000 + left  # whole seconds, none given away


def test_a_link_signs_in_for_a_month_and_hangs_on_nothing(ring: KeyRing, time: Time):
    link = ring.make("browser", seconds=60, kind="link")
    with pytest.raises(NoKey):
        ring.find(link.token)
    signed_in = ring.session(ring.find(link.token, entering=True))
    assert signed_in.key.parent is None and signed_in.key.expires_at == 1_000_000 + 30 * DAY
    time.now += 61
    ring.session(ring.make().key)  # whoever signs in sweeps out what is over
    assert link.key.id not in {row[0] for row in rows(ring)}
    assert ring.find(signed_in.token).id == signed_in.key.id


def test_an_end_ends_a_session_and_never_a_key(ring: KeyRing):
    made = ring.make()
    session = ring.session(made.key)
    ring.end(made.key)
    assert ring.find(made.token) and ring.find(session.token)
    ring.end(session.key)
    with pytest.raises(NoKey):
        ring.find(session.token)
    assert ring.find(made.token)


# -- finding --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token[:-1], lambda token: token + "A", lambda token: token.upper(),
        lambda token: "x" + token, lambda token: token[:16] + token[16:][::-1], lambda _: "",
        lambda token: "sf-aaaaaaaaaaaa" + token[15:], lambda token: token[:16] + "A" * 43,
    ],
)  # fmt: skip
def test_only_the_whole_token_opens(ring: KeyRing, change: Callable[[str], str]):
    token = ring.make().token
    with pytest.raises(NoKey) as refused:
        ring.find(change(token))
    assert token[16:] not in str(refused.value)
    assert ring.find(token)


def test_a_key_is_over_at_its_moment_and_says_so(ring: KeyRing, time: Time):
    made = ring.make(seconds=60)
    time.now = 1_000_059.9
    assert ring.find(made.token)
    time.now = 1_000_060.0
    with pytest.raises(NoKey) as over:
        ring.find(made.token)
    with pytest.raises(NoKey) as unknown:
        ring.find("sf-")
    for lang in ("en", "zh"):
        assert over.value.say(lang) != unknown.value.say(lang)


def test_use_is_noted_once_a_minute(ring: KeyRing, time: Time):
    made, other = ring.make(), ring.make()
    noted = []
    for seconds in (0, 59, 60, 61, 119, 120):
        time.now = NOW + seconds
        ring.find(made.token)
        noted.append({key.id: key.used_at for key in ring.all()}[made.key.id] - 1_000_000)
    assert noted == [0, 0, 60, 60, 60, 120]
    assert {key.id: key.used_at for key in ring.all()}[other.key.id] == 0


# -- looking and taking back ----------------------------------------------------------------


def test_keys_are_listed_oldest_first_by_tenant_and_without_their_sessions(
    ring: KeyRing, time: Time
):
    made = []
    for tenant in ("", "clara", ""):
        time.now += 1
        made.append(ring.make(tenant=tenant).key)
        ring.session(made[-1])
    assert ring.all() == made
    assert ring.all("") == [made[0], made[2]] and ring.all("clara") == [made[1]]
    assert ring.all("nobody") == []


def test_whether_any_key_opens_something(ring: KeyRing, time: Time):
    assert not ring.usable()
    ring.session(ring.find(ring.make(seconds=9, kind="link").token, entering=True))
    assert not ring.usable(), "a browser that is signed in is no key"
    ring.make(seconds=10)
    assert ring.usable()
    time.now = 1_000_010.0
    assert not ring.usable(), "over"
    ring.make()
    assert ring.usable()


def test_a_key_is_taken_back_with_its_sessions_and_only_where_it_is_seen(ring: KeyRing):
    mine, other = ring.make(tenant="a", bank="x"), ring.make(tenant="b")
    session = ring.session(mine.key)
    for where in ({"tenant": "b"}, {"bank": "y"}, {"tenant": "a", "bank": "y"}):
        with pytest.raises(NotFound) as refused:
            ring.revoke(mine.key.id, **where)
        assert refused.value.say("en") == (
            f"no key {mine.key.id!r}: `siliconfriend keys list` shows their ids"
        )
        assert refused.value.say("zh") == (
            f"没有 {mine.key.id!r} 这个密钥：`siliconfriend keys list` 会列出编号"
        )
    with pytest.raises(NotFound):
        ring.revoke(session.key.id)
    ring.revoke(mine.key.id, "a", "x")
    for token in (mine.token, session.token):
        with pytest.raises(NoKey):
            ring.find(token)
    assert ring.find(other.token) and len(rows(ring)) == 1
    ring.revoke(other.key.id)
    assert rows(ring) == []
