"""Quiet is legal, dead is proven: silence asks a listing, then a small REST book, and only ids that moved on
without a frame, a subscription that is gone, or a repetition that stopped end anything."""

from __future__ import annotations

import pytest

from arb.venues.liveness import Ask, Dead, Healthy, Liveness, LivenessRules

S = 1_000_000_000
BINANCE = LivenessRules(
    quiet_ns=5 * S, first_ns=5 * S, answer_ns=2 * S, grace_ns=2 * S, retry_ns=10 * S, can_list=True
)
BYBIT = LivenessRules(
    quiet_ns=5 * S,
    first_ns=5 * S,
    answer_ns=2 * S,
    grace_ns=2 * S,
    retry_ns=10 * S,
    repeat_ns=10 * S,
    begins_with_snapshot=True,
)
A, B = "A/USDT", "B/USDT"
QUIET = Healthy()


def asked(rules: LivenessRules = BINANCE, symbols: tuple[str, ...] = (A, B)) -> Liveness:
    """A is quiet since 1 s, B not; at 6 s the REST book of A was asked for."""
    liveness = Liveness(rules, symbols, 0)
    liveness.frame_seen(A, 1 * S)
    for symbol in symbols:
        liveness.best_seen(symbol, 6 * S)
        if symbol != A:
            liveness.frame_seen(symbol, 6 * S)
    verdict = liveness.look(6 * S)
    if rules.can_list:
        assert verdict == Ask(listing=True, rest=())
        liveness.listed({A, B}, 6 * S)
        verdict = liveness.look(6 * S)
    assert verdict == Ask(listing=False, rest=(A,))
    return liveness


def test_frames_ask_nothing() -> None:
    liveness = Liveness(BINANCE, (A, B), 0)
    for at in range(1, 100):
        liveness.frame_seen(A, at * S)
        liveness.frame_seen(B, at * S)
        assert liveness.look(at * S) == QUIET


def test_the_same_frame_told_again_is_no_new_one() -> None:
    liveness = Liveness(BINANCE, (A,), 0)
    liveness.frame_seen(A, 1 * S)
    liveness.frame_seen(A, 1 * S)
    assert liveness.look(6 * S - 1) == QUIET
    liveness.frame_seen(A, 1 * S)
    assert isinstance(liveness.look(6 * S), Ask)


def test_an_old_frame_told_again_saves_nothing() -> None:
    liveness = asked(symbols=(A,))
    liveness.frame_seen(A, 1 * S)
    liveness.rest_answered(A, 71, 70, 6 * S)
    liveness.frame_seen(A, 1 * S)
    assert isinstance(liveness.look(8 * S), Dead)


def test_a_quiet_symbol_whose_id_did_not_move_lives_for_ever() -> None:
    liveness = asked()
    asks, now = 1, 6 * S
    liveness.rest_answered(A, 70, 70, now)
    while now < 606 * S:
        now += S // 2
        liveness.frame_seen(B, now)
        verdict = liveness.look(now)
        assert not isinstance(verdict, Dead)
        if verdict == Ask(listing=True, rest=()):
            liveness.listed({A, B}, now)
        elif isinstance(verdict, Ask):
            asks += 1
            liveness.rest_answered(A, 70, 70, now)
    assert 55 <= asks <= 61, "asked every ten seconds and not more often"


def test_an_id_that_moved_on_without_a_frame_is_a_dead_stream() -> None:
    liveness = asked()
    liveness.rest_answered(A, 71, 70, 6 * S)
    assert liveness.look(8 * S - 1) == QUIET
    verdict = liveness.look(8 * S)
    assert verdict == Dead((A,), "the venue is at 71, the stream at 70")
    assert liveness.look(9 * S) == verdict, "told again until something is done"
    liveness.restart(A, 9 * S)
    assert liveness.look(9 * S) == QUIET


def test_a_frame_within_the_grace_saves_the_stream() -> None:
    liveness = asked(symbols=(A,))
    liveness.rest_answered(A, 71, 70, 6 * S)
    liveness.frame_seen(A, 8 * S - 1)
    assert liveness.look(8 * S) == QUIET
    assert liveness.look(13 * S - 2) == QUIET


def test_an_answer_after_a_frame_is_not_used() -> None:
    liveness = asked()
    liveness.frame_seen(A, 7 * S)
    liveness.rest_answered(A, 71, 70, 7 * S)
    assert liveness.look(9 * S) == QUIET


@pytest.mark.parametrize("rules", [BINANCE, BYBIT])
def test_an_id_that_others_moved_proves_nothing_while_the_best_prices_are_ours(rules: LivenessRules) -> None:
    liveness = asked(rules)
    liveness.rest_answered(A, 99, 70, 6 * S, same_touch=True)
    assert liveness.look(8 * S) == QUIET
    assert liveness.look(10 * S) == QUIET


def test_a_wrong_route_is_proven_dead_without_any_book_by_two_ids() -> None:
    liveness = Liveness(BINANCE, (A,), 0)
    assert liveness.look(5 * S - 1) == QUIET
    assert liveness.look(5 * S) == Ask(listing=True, rest=())
    liveness.listed({A}, 5 * S)  # such a route acknowledges and lists
    assert liveness.look(5 * S) == Ask(listing=False, rest=(A,))
    liveness.rest_answered(A, 100, 0, 5 * S)
    assert liveness.look(6 * S) == QUIET
    assert liveness.look(7 * S) == Ask(listing=True, rest=())
    liveness.listed({A}, 7 * S)
    assert liveness.look(7 * S) == Ask(listing=False, rest=(A,))
    liveness.rest_answered(A, 101, 0, 7 * S)
    assert liveness.look(9 * S) == Dead((A,), "the venue is at 101, the stream at 100", connection=True)


def test_a_symbol_nobody_trades_is_not_dead_because_it_has_no_frame_yet() -> None:
    liveness = Liveness(BINANCE, (A,), 0)
    now = 0
    while now < 120 * S:
        now += S // 2
        verdict = liveness.look(now)
        assert not isinstance(verdict, Dead)
        if isinstance(verdict, Ask) and verdict.listing:
            liveness.listed({A}, now)
        elif isinstance(verdict, Ask):
            liveness.rest_answered(A, 100, 0, now)


def test_a_failed_probe_proves_nothing_and_is_repeated_later() -> None:
    liveness = asked()
    liveness.rest_failed(A, 6 * S)
    for half in range(13, 32):
        liveness.frame_seen(B, half * S // 2)
        assert liveness.look(half * S // 2) == QUIET
    assert liveness.look(16 * S) == Ask(listing=True, rest=())


def test_a_subscription_that_is_not_listed_is_dead() -> None:
    liveness = Liveness(BINANCE, (A, B), 0)
    liveness.frame_seen(A, 1 * S)
    liveness.frame_seen(B, 5 * S)
    assert liveness.look(6 * S) == Ask(listing=True, rest=())
    liveness.listed({B}, 6 * S)
    assert liveness.look(6 * S) == Dead((A,), "the subscription is not listed any more")


def test_a_listing_that_is_not_answered_ends_the_connection() -> None:
    liveness = Liveness(BINANCE, (A, B), 0)
    liveness.frame_seen(A, 1 * S)
    liveness.frame_seen(B, 6 * S)
    assert liveness.look(6 * S) == Ask(listing=True, rest=())
    liveness.frame_seen(B, 8 * S)
    verdict = liveness.look(8 * S)
    assert isinstance(verdict, Dead)
    assert verdict.connection
    assert "LIST_SUBSCRIPTIONS" in verdict.reason


def test_frames_excuse_a_listing_that_is_not_answered() -> None:
    liveness = Liveness(BINANCE, (A,), 0)
    liveness.frame_seen(A, 1 * S)
    assert liveness.look(6 * S) == Ask(listing=True, rest=())
    liveness.frame_seen(A, 7 * S)
    assert liveness.look(8 * S) == QUIET


def test_level_1_that_stops_repeating_is_dead_and_a_changing_book_does_not_excuse_it() -> None:
    liveness = Liveness(BYBIT, (A, B), 0)
    for at in range(1, 12):
        liveness.frame_seen(A, at * S)
        liveness.frame_seen(B, at * S)
        liveness.best_seen(B, at * S)
        if at <= 2:
            liveness.best_seen(A, at * S)
        assert liveness.look(at * S) == QUIET
    liveness.frame_seen(A, 12 * S)
    liveness.best_seen(B, 12 * S)
    assert liveness.look(12 * S) == Dead((A,), "the best price was not repeated for 10 s")


def test_level_1_is_no_excuse_for_a_book_that_never_began() -> None:
    liveness = Liveness(BYBIT, (A, B), 0)
    liveness.frame_seen(B, 1 * S)
    liveness.best_seen(A, 4 * S)
    liveness.best_seen(B, 4 * S)
    assert liveness.look(5 * S - 1) == QUIET
    assert liveness.look(5 * S) == Dead((A,), "no snapshot within 5 s")


def test_all_symbols_dead_is_a_dead_connection() -> None:
    liveness = Liveness(BYBIT, (A, B), 0)
    verdict = liveness.look(5 * S)
    assert verdict == Dead((A, B), "no snapshot within 5 s", connection=True)


def test_a_symbol_may_have_a_limit_of_its_own() -> None:
    liveness = Liveness(BINANCE, (A, B), 0, {A: 60 * S})
    liveness.frame_seen(A, 1 * S)
    liveness.frame_seen(B, 1 * S)
    assert liveness.look(6 * S) == Ask(listing=True, rest=())
    liveness.listed({A, B}, 6 * S)
    assert liveness.look(6 * S) == Ask(listing=False, rest=(B,))
