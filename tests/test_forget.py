"""The curve: golden numbers worked out by hand, the rules around it, and what must always hold."""

from __future__ import annotations

import math
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memorybank import forget
from memorybank.errors import BadSetting
from memorybank.forget import Birth, Happening, has_faded, replay, retention

GENTLE, PAPER = forget.preset("gentle"), forget.preset("paper")
CHANCE, OFF = forget.preset("paper-chance"), forget.preset("off")
ALL = [GENTLE, PAPER, CHANCE, OFF]
LN20 = 2.995732273553991  # ln(1/theta) = ln 20


def recall(at: float) -> Happening:
    return Happening("recall", at)


# -- design.md section 5, worked out with a pocket calculator -----------------------------------
# paper: S = 1, fades after 1 * ln 20 = 2.9957 days; after one recall S = 2, so 2 * ln 20 = 5.9915.
# gentle, s = 0: L = 7, S = 7 / 2.995732 = 2.336657. R on day 6 = exp(-6 / 2.336657) = .0767063, so
#   S' = 2.336657 * (1 + 1.5 * .9232937) = 5.572788, and 5.572788 * 2.995732 = 16.694583 days.
# gentle, s = .5: 7 * sqrt(260) = 7 * 16.124515 = 112.8716; s = 1: 7 * 260 = 1820.
GOLDEN = [
    ("paper", 0.0, (), 2.995732),
    ("paper", 0.7, (), 2.995732),
    ("paper", 0.3, (2.0,), 2.0 + 5.991465),
    ("gentle", 0.0, (), 7.0),
    ("gentle", 0.5, (), 112.871608),
    ("gentle", 1.0, (), 1820.0),
    ("gentle", 0.0, (6.0,), 6.0 + 16.694583),
]


@pytest.mark.parametrize(("name", "significance", "recalls", "fades"), GOLDEN)
@pytest.mark.parametrize("born_at", [0.0, 20_000.25])
def test_the_golden_table(name, significance, recalls, fades, born_at):
    birth = Birth(at=born_at, significance=significance)
    state = replay(forget.preset(name), birth, [recall(born_at + day) for day in recalls])
    assert state.fades_at - born_at == pytest.approx(fades, abs=1e-5)
    assert not has_faded(state, born_at + fades - 1e-4)
    assert has_faded(state, born_at + fades + 1e-4)


def test_the_golden_table_as_the_design_prints_it():
    printed = {0.0: "7", 0.5: "113", 1.0: "1820"}
    for significance, days in printed.items():
        state = forget.born(GENTLE, Birth(at=0.0, significance=significance))
        assert f"{state.fades_at:.0f}" == days
    once = replay(GENTLE, Birth(at=0.0, significance=0.0), [recall(6.0)])
    assert f"{once.fades_at - 6.0:.1f}" == "16.7"
    assert f"{replay(PAPER, Birth(at=0.0, significance=0.0), ()).fades_at:.1f}" == "3.0"


@pytest.mark.parametrize(
    ("days", "strength", "expected"),
    [
        (0.0, 1.0, 1.0),
        (1.0, 1.0, 0.36787944),
        (2.0, 1.0, 0.13533528),
        (3.0, 2.0, 0.22313016),
        (0.5, 1.0, 0.60653066),  # half a day counts as half a day
        (1 / 24, 1.0, 0.95918946),  # and an hour as an hour
        (LN20, 1.0, 0.05),
        (20.0, 5.0, 0.01831564),
    ],
)
def test_retention_is_the_exponential_of_the_paper(days, strength, expected):
    assert retention(100.0 + days, 100.0, strength) == pytest.approx(expected, abs=1e-8)


def test_a_memory_fades_when_retention_reaches_theta():
    for preset in (GENTLE, PAPER):
        state = forget.born(preset, Birth(at=3.0, significance=0.4))
        assert retention(state.fades_at, state.last, state.strength) == pytest.approx(0.05)
        assert has_faded(state, state.fades_at)
        assert forget.lifetime(preset, state.strength) == pytest.approx(state.fades_at - 3.0)


# -- strength -----------------------------------------------------------------------------------


def test_the_paper_adds_one_day_a_recall_whenever_it_comes():
    birth = Birth(at=0.0, significance=0.9, gist=True)
    assert forget.born(PAPER, birth).strength == 1.0
    state = replay(PAPER, birth, [recall(0.0), recall(0.1), recall(0.2), recall(0.3), recall(9.0)])
    assert (state.strength, state.last, state.recalls) == (6.0, 9.0, 5)


def test_the_gentle_rule_follows_the_spacing_effect():
    # S * (1 + 1.5 * (1 - R)): nothing at R = 1, a half more at R = 2/3, 2.5 times at R = 0
    assert forget.strengthened(GENTLE, 4.0, 1.0) == 4.0
    assert forget.strengthened(GENTLE, 4.0, 2 / 3) == pytest.approx(6.0)
    assert forget.strengthened(GENTLE, 4.0, 0.0) == pytest.approx(10.0)
    birth = Birth(at=0.0, significance=0.0)
    crammed = replay(GENTLE, birth, [recall(0.1), recall(0.2)])
    spaced = replay(GENTLE, birth, [recall(2.0), recall(5.0)])
    assert spaced.strength > 1.5 * crammed.strength


def test_recalls_at_one_moment_count_as_one_for_the_gentle():
    birth = Birth(at=0.0, significance=0.2)
    once, twice = replay(GENTLE, birth, [recall(2.0)]), replay(GENTLE, birth, [recall(2.0)] * 2)
    assert twice.strength == pytest.approx(once.strength) and twice.fades_at == once.fades_at


def test_a_gist_outlives_its_details_twice():
    assert forget.first_strength(GENTLE, 0.0) == pytest.approx(7 / LN20), "no gist unless said"
    for significance in (0.0, 0.3, 1.0):
        detail = forget.born(GENTLE, Birth(at=0.0, significance=significance))
        gist = forget.born(GENTLE, Birth(at=0.0, significance=significance, gist=True))
        assert gist.fades_at == pytest.approx(2 * detail.fades_at)


def test_significance_beyond_its_bounds_is_cut():
    for outside, edge in ((-3.0, 0.0), (7.0, 1.0)):
        got = forget.first_strength(GENTLE, outside)
        assert got == forget.first_strength(GENTLE, edge)


# Half of a turn's attention on day 6: the clock moves half of the way, to day 3, and S grows by
# half of what it would: 2.336657 * (1 + 1.5 * .5 * .9232937) = 3.954723, times 2.995732 =
# 11.847291.
def test_a_shared_recall_by_hand():
    birth = Birth(at=0.0, significance=0.0)
    state = replay(GENTLE, birth, [Happening("recall", 6.0, 0.5)])
    assert (state.last, state.recalls) == (3.0, 1)
    assert state.strength == pytest.approx(3.954723, abs=1e-6)
    assert state.fades_at == pytest.approx(3.0 + 11.847291, abs=1e-5)
    whole = replay(GENTLE, birth, [Happening("recall", 6.0, 1.0)])
    assert whole == replay(GENTLE, birth, [recall(6.0)])
    assert whole == replay(GENTLE, birth, [Happening("recall", 6.0, 1.5)]), "no more than all"
    assert whole.fades_at == pytest.approx(6.0 + 16.694583, abs=1e-5)


def test_a_glance_counts_once_a_day_and_a_whole_recall_beside_it():
    birth = Birth(at=0.0, significance=0.2)
    once = [Happening("recall", 2.0, 0.25)]
    more = [*once, *(Happening("recall", 2.0 + i / 10, 0.25) for i in range(1, 9))]
    assert replay(GENTLE, birth, more) == replay(GENTLE, birth, once)
    assert replay(GENTLE, birth, [*more, Happening("recall", 3.0, 0.25)]).recalls == 2
    assert replay(GENTLE, birth, [*more, recall(2.9)]).last == 2.9
    put_away = [*once, Happening("fade", 2.1)]
    assert has_faded(replay(GENTLE, birth, put_away), 2.2)
    back = replay(GENTLE, birth, [*put_away, Happening("recall", 2.2, 0.25)])
    assert back == replay(GENTLE, birth, once), "what comes back by a cue is back"


@pytest.mark.parametrize("preset", [PAPER, CHANCE, OFF], ids=lambda p: p.name)
def test_elsewhere_a_shared_recall_is_a_recall(preset):
    birth = Birth(at=0.0, significance=0.2)
    log = [Happening("recall", at, 0.1) for at in (1.0, 1.1, 1.2, 1.3, 4.0)]
    whole = replay(preset, birth, [recall(event.at) for event in log])
    got = replay(preset, birth, log)
    assert (got.strength, got.fades_at) == (whole.strength, whole.fades_at)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_attention_is_shared_by_what_matters(significances):
    shares = forget.attention(significances)
    assert sum(shares) == pytest.approx(1.0) and min(shares) > 0.0
    order = sorted(range(len(shares)), key=significances.__getitem__)
    assert [shares[i] for i in order] == sorted(shares)
    assert forget.attention([0.3]) == [1.0] and forget.attention([]) == []
    assert forget.attention([0.1, 0.3]) == pytest.approx([0.25, 0.75])  # in proportion
    assert forget.attention([0.0, 0.99]) == pytest.approx([0.01, 0.99])  # and never nothing


@given(
    st.lists(st.tuples(st.floats(0, 9), st.floats(0, 1)), max_size=8),
    st.floats(0, 3),
    st.floats(0, 1),
    st.floats(0, 30),
)
def test_one_more_shared_recall_never_harms(log, after_them, share, later):
    birth = Birth(at=0.0, significance=0.1)
    events = [Happening("recall", at, value) for at, value in sorted(log)]
    extra = max((event.at for event in events), default=0.0) + after_them
    fewer = replay(GENTLE, birth, events)
    more = replay(GENTLE, birth, [*events, Happening("recall", extra, share)])
    before, after = (retention(extra + later, s.last, s.strength) for s in (fewer, more))
    assert 0.0 <= before * (1 - 1e-9) <= after <= 1.0


def test_a_gentle_memory_grows_three_times_a_day_at_most():
    birth = Birth(at=0.0, significance=0.0)
    log = [recall(1.0 + 0.1 * i) for i in range(9)]
    best = max(replay(GENTLE, birth, three).strength for three in combinations(log, 3))
    assert replay(GENTLE, birth, log[:3]).recalls == replay(GENTLE, birth, log).recalls == 3
    assert replay(GENTLE, birth, log).strength <= best
    three, four = replay(GENTLE, birth, log[:3]), replay(GENTLE, birth, log[:4])
    assert (four.last, four.strength) == (log[3].at, three.strength)  # held fully, no stronger
    # 24 hours after the first of the three there is room for one more, and only one
    assert replay(GENTLE, birth, [*log, recall(2.0)]).recalls == 4
    assert replay(GENTLE, birth, [*log, recall(2.0), recall(2.05)]).recalls == 4
    assert replay(GENTLE, birth, [*log, recall(5.0), recall(5.1), recall(5.2)]).recalls == 6


# -- by hand ------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", ALL, ids=lambda p: p.name)
def test_pinned_memories_stay_and_unpinned_ones_go_on(preset):
    birth = Birth(at=0.0, significance=0.0, seed=b"s", content=b"c")
    before = forget.born(preset, birth)
    pinned = forget.after(preset, birth, before, Happening("pin", 1.0))
    assert pinned.pinned and pinned.fades_at == forget.NEVER
    assert not has_faded(pinned, 1e9)
    again = forget.after(preset, birth, pinned, Happening("unpin", 2.0))
    assert again == before


@pytest.mark.parametrize("preset", [GENTLE, PAPER, CHANCE], ids=lambda p: p.name)
def test_fading_by_hand_and_reviving(preset):
    birth = Birth(at=0.0, significance=0.5, seed=b"s", content=b"c")
    put_away = replay(preset, birth, [Happening("fade", 0.5)])
    assert has_faded(put_away, 0.5) and has_faded(put_away, 0.0)
    back = replay(preset, birth, [Happening("fade", 0.5), Happening("revive", 40.0)])
    assert not has_faded(back, 40.0)
    assert (back.strength, back.last) == (put_away.strength, 40.0)  # anew, and no stronger
    assert (put_away.put_away, put_away.pinned) == (True, False)
    assert (back.put_away, back.pinned) == (False, False)
    lifetime = forget.born(preset, birth).fades_at
    assert back.fades_at == pytest.approx(40.0 + lifetime)
    recalled = replay(preset, birth, [Happening("fade", 0.5), recall(0.7)])
    assert not has_faded(recalled, 0.7)


def test_fading_by_hand_beats_a_pin_and_a_pin_beats_fading():
    birth = Birth(at=0.0, significance=0.5)
    faded = replay(GENTLE, birth, [Happening("pin", 1.0), Happening("fade", 2.0)])
    assert has_faded(faded, 2.0) and not faded.pinned
    pinned = replay(GENTLE, birth, [Happening("fade", 1.0), Happening("pin", 2.0)])
    assert not has_faded(pinned, 1e6)
    released = forget.after(GENTLE, birth, pinned, Happening("unpin", 3.0))
    assert released == forget.born(GENTLE, birth), "it goes on along the curve that it had"
    unpinned = replay(GENTLE, birth, [Happening("fade", 1.0), Happening("unpin", 2.0)])
    assert has_faded(unpinned, 2.0)  # taking out a pin that is not there revives nothing


def test_settling_rescales_as_if_born_so():
    for new in (0.0, 0.35, 0.9):
        for gist in (False, True):
            birth = Birth(at=0.0, significance=0.5, gist=gist)
            settled = replay(GENTLE, birth, [Happening("settle", 1.0, new)])
            other = forget.born(GENTLE, Birth(at=0.0, significance=new, gist=gist))
            assert settled.strength == pytest.approx(other.strength)
            assert settled.fades_at == pytest.approx(other.fades_at)
            assert (settled.significance, settled.last, settled.recalls) == (new, 0.0, 0)


def test_settling_keeps_what_recalls_have_brought():
    birth = Birth(at=0.0, significance=0.2)
    log = [recall(3.0), recall(9.0)]
    plain = replay(GENTLE, birth, log)
    settled = replay(GENTLE, birth, [*log, Happening("settle", 10.0, 0.6)])
    assert settled.strength / plain.strength == pytest.approx(260**0.4)
    assert (settled.recalls, settled.last) == (2, 9.0)
    back = forget.after(GENTLE, birth, settled, Happening("settle", 11.0, 0.2))
    assert back.strength == pytest.approx(plain.strength)


def test_settling_revives_nothing():
    birth = Birth(at=0.0, significance=0.0)
    for log in ([], [Happening("fade", 1.0)]):
        settled = replay(GENTLE, birth, [*log, Happening("settle", 8.0, 1.0)])
        assert has_faded(settled, 8.0) and has_faded(settled, 30.0)
    awake = replay(GENTLE, birth, [Happening("settle", 6.0, 1.0)])
    assert not has_faded(awake, 30.0)


def test_the_paper_takes_no_heed_of_significance():
    birth = Birth(at=0.0, significance=0.1)
    settled = replay(PAPER, birth, [Happening("settle", 1.0, 0.9)])
    assert settled.strength == 1.0 and settled.fades_at == pytest.approx(LN20)
    assert settled.significance == 0.9


def test_off_never_forgets():
    birth = Birth(at=0.0, significance=0.0)
    for log in ([], [recall(2.0)], [Happening("settle", 1.0, 0.4)]):
        state = replay(OFF, birth, log)
        assert state.fades_at == forget.NEVER and not has_faded(state, 1e12)
        assert retention(1e12, state.last, state.strength) == 1.0


def test_presets_by_name():
    assert GENTLE.cue and not PAPER.cue and not CHANCE.cue
    assert all(preset.theta == 0.05 for preset in ALL)
    with pytest.raises(BadSetting) as refused:
        forget.preset("strict")
    assert refused.value.say("en") == (
        "no preset 'strict': choose one of gentle, paper, paper-chance, off"
    )
    assert refused.value.say("zh") == (
        "没有 'strict' 这条曲线：请从 gentle、paper、paper-chance、off 中选一个"
    )
    assert refused.value.__suppress_context__, "a KeyError helps nobody"


# -- chance -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("recalls", "strength"), [(0, 1.0), (2, 3.0)])
def test_chance_follows_the_curve(recalls, strength):
    """P(alive at t) = exp(-t/S), within four binomial deviations for 20,000 memories."""
    n = 20_000
    log = [recall(0.0)] * recalls
    ends = []
    for i in range(n):
        birth = Birth(at=0.0, significance=0.5, seed=b"seed", content=b"%d" % i)
        state = replay(CHANCE, birth, log)
        assert state.strength == strength
        ends.append(state.fades_at)
    for t in (0.1, 0.5, 1.0, 2.0, 4.0, 7.0):
        p = math.exp(-t / strength)
        alive = sum(end > t for end in ends)
        assert abs(alive - n * p) < 4 * math.sqrt(n * p * (1 - p)), t


def test_chance_is_the_same_on_every_replay_and_keyed_by_all_it_should_be():
    def end(recalls=0, **changed):
        values = {"at": 5.0, "significance": 0.5, "seed": b"seed", "content": b"0/id", **changed}
        state = replay(CHANCE, Birth(**values), [recall(values["at"])] * recalls)
        return round((state.fades_at - values["at"]) / state.strength, 9)  # -ln u

    assert end() == end()
    # blake2b of "5.0/0" and "0/id", key "seed", 8 bytes: 7e77f2a7907b1085; -ln of that over 2**64
    assert end() == 0.705183813
    others = [end(content=b"1/id"), end(seed=b"tree"), end(at=6.0), end(recalls=1)]
    assert len({end(), *others}) == 5
    assert end(significance=0.9) == end()
    assert replay(CHANCE, Birth(at=5.0, significance=0.5, seed=b"s" * 200), ()).fades_at > 5.0


@pytest.mark.parametrize(("digest", "ends"), [(bytes(8), 64 * math.log(2)), (b"\xff" * 8, 0.0)])
def test_the_luckiest_and_the_unluckiest_draw(monkeypatch, digest, ends):
    """u = 2**-64 and u = 1: a lifetime of 44.36 days at S = 1, and none; never an error."""

    class Drawn:
        def __init__(self, *_args, **_more): ...

        def digest(self):
            return digest

    monkeypatch.setattr(forget.hashlib, "blake2b", Drawn)
    birth = Birth(at=0.0, significance=0.5)
    assert replay(CHANCE, birth, ()).fades_at == pytest.approx(ends)


# -- what must always hold ----------------------------------------------------------------------

days = st.floats(0, 3000, allow_nan=False)
weights = st.floats(0, 1)
presets = st.sampled_from(ALL)
births = st.builds(
    Birth,
    at=days,
    significance=weights,
    gist=st.booleans(),
    seed=st.just(b"k"),
    content=st.binary(),
)
happenings = st.one_of(
    st.builds(recall, days),
    st.builds(Happening, st.sampled_from(["pin", "unpin", "fade", "revive"]), days),
    st.builds(Happening, st.just("settle"), days, weights),
)
logs = st.lists(happenings, max_size=12)


def ordered(birth: Birth, log: list[Happening]) -> list[Happening]:
    """A log in order of time, beginning with the birth."""
    moved = [Happening(e.kind, birth.at + e.at, e.value) for e in log]
    return sorted(moved, key=lambda e: e.at)


@given(presets, births, logs, days)
def test_retention_stays_within_bounds_and_time_never_raises_it(preset, birth, log, ahead):
    state = replay(preset, birth, ordered(birth, log))
    last = 1.0
    for step in (0.0, ahead / 3, ahead, ahead + 1.5):
        now = retention(state.last + step, state.last, state.strength)
        assert 0.0 <= now <= last
        last = now


@given(presets, births, logs, days)
def test_once_faded_a_memory_stays_so_until_something_happens(preset, birth, log, ahead):
    state = replay(preset, birth, ordered(birth, log))
    if has_faded(state, state.last + ahead):
        assert has_faded(state, state.last + ahead + 1.0)


@given(st.floats(0.01, 500), days, st.floats(1e-4, 0.9))
def test_fractions_of_a_day_count(strength, last, part):
    now = retention(last + part, last, strength)
    assert retention(last + 1.0, last, strength) < now < 1.0


@given(presets, births, logs, st.floats(0, 5000))
def test_a_clock_set_back_harms_nobody(preset, birth, log, back):
    state = replay(preset, birth, ordered(birth, log))
    assert retention(state.last - back, state.last, state.strength) == 1.0
    early = forget.after(preset, birth, state, recall(state.last - back))
    assert early.last == state.last
    revived = forget.after(preset, birth, state, Happening("revive", state.last - back))
    assert revived.last == state.last
    assert early.strength >= state.strength
    assert not state.put_away or not has_faded(early, early.last)


@given(presets, births, st.lists(days, max_size=10), days, days)
def test_more_recalls_never_lower_retention(preset, birth, moments, extra, later):
    """As long as nobody recalls a thing more than three times a day; see below for the rest."""
    fewer = sorted(moments)
    more = sorted([*moments, extra])
    if any(more[i + 3] - more[i] < 1.0 + 1e-6 for i in range(len(more) - 3)):
        return
    held = [
        replay(preset, birth, [recall(birth.at + at) for at in at_days])
        for at_days in (fewer, more)
    ]
    now = birth.at + max(more) + later
    before, after = (retention(now, s.last, s.strength) for s in held)
    assert after >= before * (1 - 1e-9)


@given(st.lists(st.floats(0, 3), max_size=8), st.floats(0, 3), st.floats(0, 30))
def test_one_more_recall_never_harms_even_over_the_daily_cap(moments, after_them, later):
    birth = Birth(at=0.0, significance=0.0)
    extra = max(moments, default=0.0) + after_them
    fewer = replay(GENTLE, birth, [recall(at) for at in sorted(moments)])
    more = replay(GENTLE, birth, [recall(at) for at in [*sorted(moments), extra]])
    now = extra + later
    before, after = (retention(now, s.last, s.strength) for s in (fewer, more))
    assert after >= before * (1 - 1e-9)


@given(presets, births, logs, st.integers(0, 12))
def test_the_log_can_be_replayed_from_any_place(preset, birth, log, cut):
    events = ordered(birth, log)
    state = replay(preset, birth, events[:cut])
    for event in events[cut:]:
        state = forget.after(preset, birth, state, event)
    assert state == replay(preset, birth, events)


@given(presets, births, logs, days)
def test_until_cuts_the_log(preset, birth, log, ahead):
    events, until = ordered(birth, log), birth.at + ahead
    expected = replay(preset, birth, [e for e in events if e.at <= until])
    assert replay(preset, birth, events, until) == expected
    assert replay(preset, birth, events, birth.at - 1.0) == forget.born(preset, birth)


def test_until_includes_its_own_moment():
    birth = Birth(at=0.0, significance=0.0)
    assert replay(PAPER, birth, [recall(2.0)], until=2.0).recalls == 1
    assert replay(PAPER, birth, [recall(2.0)], until=1.999999).recalls == 0


def test_a_curve_is_the_retention_to_come():
    state = replay(GENTLE, Birth(at=0.0, significance=0.1), [recall(2.0)])
    points = forget.curve(state, 5.0, 60.0, points=7)
    assert [day for day, _ in points] == pytest.approx([0, 10, 20, 30, 40, 50, 60])
    for day, value in points:
        assert value == retention(5.0 + day, 2.0, state.strength)
    assert [day for day, _ in forget.curve(state, 5.0, 78.0)] == pytest.approx(range(0, 79, 2))
    pinned = replay(GENTLE, Birth(at=0.0, significance=0.1), [Happening("pin", 1.0)])
    assert {value for _, value in forget.curve(pinned, 5.0, 60.0)} == {1.0}
