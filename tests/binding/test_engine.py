"""The engine through its binding: texts in, exact texts out, and nothing a caller does wrong passes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from arbcore.actions import Halt, Place, Query, Record, Resync
from arbcore.engine import Engine, InexactError, replay_tape
from arbcore.settings import MS, EngineSettings, Limits
from tests.live.rig import BINANCE, BYBIT, DEAR, Rig, of, rules, settings


@pytest.fixture
def rig() -> Rig:
    rig = Rig()
    rig.account()
    rig.live()
    return rig


# Books.


def test_frames_of_both_venues_make_live_books_with_the_touch_as_text(rig: Rig) -> None:
    for instrument in (BINANCE, BYBIT):
        book = rig.engine.book(instrument)
        assert (book["state"], book["reason"]) == ("LIVE", "none")
        assert book["bid"] == ["99.9", "1"]
        assert book["ask"] == ["100", "1"]
        assert rig.engine.book_state(instrument) == "LIVE"


def test_a_connected_binance_book_asks_for_a_snapshot_and_a_bybit_book_does_not() -> None:
    rig = Rig()
    rig.engine.conn_up(BINANCE, rig.tick())
    rig.engine.conn_up(BYBIT, rig.tick())
    assert rig.engine.drain() == [Resync(BINANCE, "none", BINANCE)]


def test_a_gap_makes_the_book_stale_and_asks_for_a_snapshot(rig: Rig) -> None:
    rig.engine.drain()
    rig.binance.id += 1
    assert rig.engine.frame(BINANCE, rig.binance.move(*DEAR), rig.tick()) == "stale"
    assert rig.engine.drain() == [Resync(BINANCE, "gap", BINANCE)]
    assert rig.engine.book_state(BINANCE) == "STALE"
    assert not rig.engine.wants_decide


def test_a_frame_the_reader_is_not_sure_of_is_refused_and_changes_nothing(rig: Rig) -> None:
    before = rig.engine.book(BINANCE)
    frame = rig.binance.move(*DEAR).replace(b'"U"', b'"\\u0055"')
    assert rig.engine.frame(BINANCE, frame, rig.tick()) == "refused"
    assert rig.engine.last_refusal[0] == "bad_key"
    assert rig.engine.book(BINANCE) == before


def test_what_is_refused_for_good_makes_one_book_or_all_of_the_connection_stale(rig: Rig) -> None:
    rig.engine.refused(BINANCE, rig.tick(), BINANCE)
    assert rig.engine.book(BINANCE)["reason"] == "refused"
    assert rig.engine.book_state(BYBIT) == "LIVE"
    rig.engine.refused(BYBIT, rig.tick())
    assert rig.engine.book_state(BYBIT) == "STALE"


# From a cross to a balanced trade.


def test_a_cross_becomes_two_places_with_the_texts_a_venue_is_sent(rig: Rig) -> None:
    buy, sell = rig.cross()
    assert (buy.side, buy.instrument, buy.price) == ("buy", BINANCE, "100")
    assert (sell.side, sell.instrument, sell.price) == ("sell", BYBIT, "101")
    assert buy.qty == sell.qty
    assert Decimal(buy.qty) == 1  # all that stands there, below the order limit of 1,000
    assert Decimal(buy.qty) % Decimal("0.0001") == 0
    assert buy.trade == sell.trade
    assert not buy.hedge
    assert buy.coid != sell.coid
    assert all(len(leg.coid) == 16 and leg.coid.isalnum() for leg in (buy, sell))
    assert buy.trigger_ns == rig.t  # the turn that led to it
    assert buy.deadline_ns == rig.t + 5 * MS


def test_the_records_of_a_trade_come_before_its_places(rig: Rig) -> None:
    rig.engine.frame(BYBIT, rig.bybit.move(*DEAR), rig.tick())
    rig.engine.decide(rig.t)
    actions = [action for action in rig.engine.drain() if isinstance(action, Record | Place)]
    assert [type(action) for action in actions] == [Record, Record, Place, Place]
    for record, place in zip(of(Record, actions), of(Place, actions), strict=True):
        assert (record.kind, record.coid, record.price, record.qty) == (
            "intent",
            place.coid,
            place.price,
            place.qty,
        )


def test_filled_legs_balance_and_the_ledger_is_exact(rig: Rig) -> None:
    buy, sell = rig.cross()
    for leg, trade_id, fee in ((buy, "b1", "0.1"), (sell, "s1", "0.101")):
        rig.engine.sent(leg.coid, rig.tick())
        assert rig.engine.ack(leg.coid, rig.tick()) == "known"
        assert rig.fill(leg, trade_id, fee=fee) == "known"
        assert rig.engine.report(leg.coid, "filled", leg.qty, leg.instrument, rig.tick()) == "known"
    assert rig.engine.stats["balanced"] == 1
    assert (rig.engine.open_trades, rig.engine.unresolved_orders) == (0, 0)
    kinds = [record.kind for record in of(Record, rig.engine.drain())]
    assert kinds.count("done") == 1
    bought, sold = rig.engine.account(BINANCE, rig.usdt), rig.engine.account(BYBIT, rig.usdt)
    assert (Decimal(bought["flow"]), Decimal(bought["fees"])) == (Decimal("-100.1"), Decimal("0.1"))
    assert Decimal(sold["flow"]) == Decimal("100.899")
    assert Decimal(rig.engine.account(BINANCE, rig.btc)["flow"]) == 1
    assert Decimal(bought["opening"]) == Decimal("100000.5")
    assert Decimal(rig.engine.realised) == Decimal("0.799")
    assert Decimal(rig.engine.dust(rig.pair)) == 0
    assert rig.engine.exposure(rig.btc) == ("0", "0")


def test_the_same_execution_told_twice_is_counted_once(rig: Rig) -> None:
    buy, _ = rig.cross()
    assert rig.fill(buy, "b1", qty="0.4") == "known"
    assert rig.fill(buy, "b1", qty="0.4") == "duplicate"
    assert Decimal(rig.engine.account(BINANCE, rig.btc)["flow"]) == Decimal("0.4")


def test_a_leg_that_never_left_leaves_a_hedge_of_what_the_other_did(rig: Rig) -> None:
    buy, sell = rig.cross()
    rig.engine.not_sent(sell.coid, "deadline passed", rig.tick())
    rig.engine.sent(buy.coid, rig.tick())
    rig.fill(buy, "b1")
    rig.engine.report(buy.coid, "filled", buy.qty, buy.instrument, rig.tick())
    rig.engine.frame(BYBIT, rig.bybit.move(*DEAR), rig.tick())
    rig.engine.frame(BINANCE, rig.binance.move({"99.90": "2"}, {"100.00": "1"}), rig.tick())
    rig.engine.time(rig.tick(50 * MS))
    hedges = of(Place, rig.engine.drain())
    assert [(hedge.hedge, hedge.side, hedge.qty, hedge.trade) for hedge in hedges] == [
        (True, "sell", buy.qty, buy.trade)
    ]


def test_both_legs_that_never_left_end_the_trade_without_a_position(rig: Rig) -> None:
    for leg in rig.cross():
        rig.engine.not_sent(leg.coid, "kill", rig.tick())
    assert (rig.engine.open_trades, rig.engine.stats["not_sent"]) == (0, 2)
    assert of(Place, rig.engine.drain()) == []


def test_an_order_without_an_answer_is_asked_for_when_its_timer_is_due(rig: Rig) -> None:
    buy, sell = rig.cross()
    placed = rig.t
    rig.engine.sent(buy.coid, rig.tick())
    rig.engine.sent(sell.coid, rig.tick())
    due = rig.engine.next_deadline
    assert due == placed + 200 * MS
    rig.engine.time(due - 1)
    assert of(Query, rig.engine.drain()) == []
    rig.engine.time(due)
    assert {query.coid for query in of(Query, rig.engine.drain())} == {buy.coid, sell.coid}
    rig.engine.absent(buy.coid, due + 1)  # no proof
    assert rig.engine.unresolved_orders == 2
    rig.engine.found(buy.coid, "expired", "0", BINANCE, due + 2)
    assert rig.engine.unresolved_orders == 1


def test_an_ambiguous_answer_makes_the_order_unknown_and_never_sends_it_again(rig: Rig) -> None:
    buy, _ = rig.cross()
    rig.engine.sent(buy.coid, rig.tick())
    rig.engine.ambiguous(buy.coid, "ambiguous", rig.tick())
    actions = rig.engine.drain()
    assert [query.coid for query in of(Query, actions)] == [buy.coid]
    assert of(Place, actions) == []
    assert rig.engine.stats["unknowns"] == 1


# What blocks.


def test_a_private_stream_that_is_down_blocks_new_trades(rig: Rig) -> None:
    rig.engine.stream("private", BYBIT, False, rig.tick())
    assert rig.cross() == []
    assert rig.engine.denials == {"STREAM": 1}
    rig.engine.stream("private", BYBIT, True, rig.tick())
    rig.engine.frame(BYBIT, rig.bybit.move(*DEAR), rig.tick())
    rig.engine.decide(rig.tick())
    assert len(of(Place, rig.engine.drain())) == 2


def test_a_connection_that_is_closing_is_not_traded_on(rig: Rig) -> None:
    rig.engine.stream("closing", BYBIT, True, rig.tick())
    assert rig.cross() == []


def test_no_new_trades_is_taken_back_and_a_halt_is_not(rig: Rig) -> None:
    rig.engine.command("no_new", rig.tick(), "venue", BYBIT)
    assert rig.cross() == []
    rig.engine.command("active", rig.tick(), "venue", BYBIT)
    rig.engine.command("halt", rig.tick())
    assert rig.engine.state == "HALT"
    [halt] = of(Halt, rig.engine.drain())
    assert (halt.scope, halt.id) == ("global", 0)
    rig.engine.command("active", rig.tick())
    assert rig.engine.state == "HALT"
    rig.engine.frame(BYBIT, rig.bybit.move(*DEAR), rig.tick())
    rig.engine.decide(rig.t)
    assert of(Place, rig.engine.drain()) == []


def test_opening_balances_are_fixed_once_orders_touched_the_account(rig: Rig) -> None:
    buy, sell = rig.cross()
    for leg in (buy, sell):
        rig.engine.sent(leg.coid, rig.tick())
        rig.fill(leg, leg.side)
    assert not rig.engine.balance(BINANCE, rig.usdt, "1", rig.tick())


# The account: prices, positions, cash, rules.


def test_a_fee_in_another_asset_is_valued_at_its_price() -> None:
    rig = Rig()
    bnb = rig.engine.add_asset("BNB")
    rig.account()
    rig.live()
    buy, sell = rig.cross()
    rig.engine.fill(buy.coid, "1", buy.price, buy.qty, "0.001", bnb, BINANCE, rig.tick())
    assert rig.engine.account(BINANCE, bnb)["fees"] == "0.001"
    assert (rig.engine.unpriced_fees(bnb), rig.engine.realised) == ("0.001", "0")
    rig.engine.asset_price(bnb, "600.5", rig.tick())
    assert (rig.engine.unpriced_fees(bnb), rig.engine.realised) == ("0", "-0.6005")
    rig.engine.fill(sell.coid, "2", sell.price, sell.qty, "0.001", bnb, BYBIT, rig.tick())
    assert Decimal(rig.engine.realised) == Decimal(sell.price) - Decimal(buy.price) - Decimal("1.201")
    for price in ("0", "-1", "1048576"):
        with pytest.raises(ValueError, match="price"):
            rig.engine.asset_price(bnb, price, rig.tick())


def test_funding_counts_in_the_result_and_a_transfer_does_not(rig: Rig) -> None:
    rig.engine.asset_price(rig.usdt, "1", rig.tick())
    rig.engine.cash(BINANCE, rig.usdt, "-0.25", "funding", rig.tick())
    rig.engine.cash(BINANCE, rig.usdt, "100", "transfer", rig.tick())
    assert rig.engine.realised == "-0.25"
    assert rig.engine.account(BINANCE, rig.usdt)["flow"] == "99.75"
    kinds = [(record.kind, record.amount) for record in of(Record, rig.engine.drain())]
    assert kinds == [("price", "1"), ("cash", "-0.25"), ("cash", "100")]


def perpetual() -> tuple[Engine, int]:
    """An engine with one linear perpetual and its wallet of 1,000."""
    engine = Engine()
    base, quote = engine.add_asset("BTC"), engine.add_asset("USDT")
    venue = engine.add_venue("bybit_linear")
    pair = engine.add_pair(base, quote, 2, 5)
    connection = engine.add_connection(venue, "bybit_linear")
    instrument = engine.add_instrument(
        "BTC/USDT:USDT",
        venue=venue,
        market="bybit_linear",
        pair=pair,
        connection=connection,
        venue_symbol="BTCUSDT",
        price_decimals=2,
        qty_decimals=5,
        rules=rules(),
    )
    assert engine.balance(venue, quote, "1000", 1)
    return engine, instrument


def test_a_position_is_the_base_account_and_its_cost_is_taken_off_the_cash() -> None:
    engine, instrument = perpetual()
    assert engine.position(instrument, "-0.5", 2, "100.123456789") == "opened"
    assert engine.position_of(instrument) == ("-0.5", "-0.5", "-0.5")
    assert engine.account(0, 0)["opening"] == "-0.5"
    assert engine.account(0, 1)["opening"] == "1050.0617283945"  # short: the wallet and what it was sold for
    assert not engine.balance(0, 0, "7", 3)  # a position is no balance
    assert engine.balance(0, 1, "2000", 4)
    assert engine.account(0, 1)["opening"] == "2050.0617283945"
    assert engine.position(instrument, "0", 5) == "opened"
    assert engine.account(0, 1)["opening"] == "2000"
    assert engine.exposure(0) == ("0", "0")
    for wrong in ("0.000001", "x", "1e3"):
        with pytest.raises(InexactError, match="position"):
            engine.position(instrument, wrong, 6)


def test_a_spot_instrument_has_no_position(rig: Rig) -> None:
    with pytest.raises(ValueError, match="no perpetual"):
        rig.engine.position(BINANCE, "1", rig.tick())


def test_rules_that_changed_count_from_the_next_decision(rig: Rig) -> None:
    assert rig.engine.rules(BYBIT, rules(max_price="50"), True, rig.tick()) == ""
    assert rig.cross() == []
    assert rig.engine.rules(BYBIT, rules(), False, rig.tick()) == ""
    rig.engine.frame(BYBIT, rig.bybit.move(*DEAR), rig.tick())
    rig.engine.decide(rig.t)
    assert of(Place, rig.engine.drain()) == []
    assert rig.engine.denials == {"INSTRUMENT": 1}
    assert rig.engine.rules(BYBIT, rules(), True, rig.tick()) == ""
    rig.engine.frame(BYBIT, rig.bybit.move(*DEAR), rig.tick())
    rig.engine.decide(rig.t)
    assert len(of(Place, rig.engine.drain())) == 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"tick": "0.001"}, "tick"),
        ({"lot": "0.0000001"}, "lot"),
        ({"lot": "0"}, "lot"),
        ({"tick": "x"}, "tick"),
    ],
)
def test_a_tick_or_lot_that_the_grid_cannot_hold_switches_the_pair_off(
    rig: Rig, change: dict[str, str], reason: str
) -> None:
    assert reason in rig.engine.rules(BYBIT, rules(**change), True, rig.tick())
    assert rig.cross() == []
    assert rig.engine.denials == {"INSTRUMENT": 1}
    assert rig.engine.rules(BYBIT, rules(), True, rig.tick()) == ""  # until a restart
    rig.engine.frame(BYBIT, rig.bybit.move(*DEAR), rig.tick())
    rig.engine.decide(rig.t)
    assert of(Place, rig.engine.drain()) == []


def test_bounds_finer_than_the_grid_are_rounded_to_the_safe_side(rig: Rig) -> None:
    fine = rules(min_qty="0.00000001", max_qty="1.00000001", min_price="0.0000001", max_price="1000000.0001")
    assert rig.engine.rules(BYBIT, fine, True, rig.tick()) == ""
    assert len(rig.cross()) == 2


def test_the_tape_holds_what_was_told_of_the_account(rig: Rig) -> None:
    tape = rig.engine.drain_tape()
    rig.engine.asset_price(rig.usdt, "1", rig.tick())
    rig.engine.cash(BINANCE, rig.usdt, "-0.25", "funding", rig.tick())
    rig.engine.rules(BYBIT, rules(tick="0.001"), True, rig.tick())
    rig.cross()
    tape += rig.engine.drain_tape()
    result = replay_tape(tape)
    assert (result["status"], result["left"]) == ("ok", 0)
    assert result["action_hash"] == rig.engine.action_hash
    assert result["state_hash"] == rig.engine.state_hash


# The fence.


def test_an_order_that_two_queries_after_the_fence_do_not_find_executed_nothing(rig: Rig) -> None:
    buy, sell = rig.cross()
    rig.engine.sent(buy.coid, rig.tick())
    rig.engine.not_sent(sell.coid, "kill", rig.tick())
    sent = rig.t
    while rig.engine.open_trades and rig.t < sent + 60_000 * MS:
        rig.t = max(rig.t, rig.engine.next_deadline)
        rig.engine.time(rig.t)
        for query in of(Query, rig.engine.drain()):
            rig.engine.absent(query.coid, rig.tick())
    assert rig.engine.stats["fenced"] == 1
    assert rig.engine.stats["balanced"] == 1
    assert 14_000 * MS <= rig.t - sent < 15_000 * MS
    # Seen after that, it halts its pair.
    rig.engine.report(buy.coid, "filled", buy.qty, BINANCE, rig.tick())
    [halt] = of(Halt, rig.engine.drain())
    assert (halt.scope, halt.reason) == ("pair", "FENCE_BROKEN")
    assert rig.engine.stats["fence_broken"] == 1
    assert rig.engine.exposure(rig.btc) == ("0", buy.qty)


# What a caller does wrong.


@pytest.mark.parametrize(
    ("price", "qty", "fee"),
    [
        ("100.001", "1", "0"),
        ("100", "0.000001", "0"),
        ("100", "1", "0.0000000000000000001"),
        ("1e2", "1", "0"),
        ("-100", "1", "0"),
        ("100", "-1", "0"),
        ("0", "1", "0"),
        ("100", "0", "0"),
        ("", "1", "0"),
        ("100", "1", "ä"),
        ("100", "99999999999999999999", "0"),
    ],
)
def test_a_number_that_does_not_fit_is_refused_and_nothing_is_booked(
    rig: Rig, price: str, qty: str, fee: str
) -> None:
    buy, _ = rig.cross()
    state = rig.engine.state_hash
    with pytest.raises(InexactError):
        rig.engine.fill(buy.coid, "b1", price, qty, fee, rig.usdt, BINANCE, rig.tick())
    assert rig.engine.state_hash == state
    for cum in ("0.000001", "-1", ""):
        with pytest.raises(InexactError):
            rig.engine.report(buy.coid, "partial", cum, BINANCE, rig.tick())
        with pytest.raises(InexactError):
            rig.engine.found(buy.coid, "partial", cum, BINANCE, rig.tick())


def test_rules_that_do_not_fit_the_grid_are_refused() -> None:
    engine = Engine()
    base, quote = engine.add_asset("BTC"), engine.add_asset("USDT")
    venue = engine.add_venue("binance")
    pair = engine.add_pair(base, quote, 2, 5)
    connection = engine.add_connection(venue, "binance_spot")

    def add(**changes: str) -> int:
        return engine.add_instrument(
            "BTC/USDT",
            venue=venue,
            market="binance_spot",
            pair=pair,
            connection=connection,
            venue_symbol="BTCUSDT",
            price_decimals=2,
            qty_decimals=5,
            rules=rules(**changes),
        )

    for change in ({"tick": "0.001"}, {"lot": "0.000001"}, {"taker_fee_bps": "7.123"}, {"min_notional": "x"}):
        with pytest.raises(InexactError):
            add(**change)
    for change in ({"tick": "0"}, {"lot": "0"}):
        with pytest.raises(ValueError, match="above 0"):
            add(**change)
    assert add(taker_fee_bps="7.5") == 0
    assert engine.instruments == ["BTC/USDT"]


def test_ids_of_others_change_nothing(rig: Rig) -> None:
    buy, _ = rig.cross()
    state = rig.engine.state_hash
    stranger = Rig(EngineSettings(instance="zz", epoch=7, limits=Limits(max_order_notional="1000")))
    stranger.account()
    stranger.live()
    other = stranger.cross()[0].coid
    for coid in ("web_1234", "", "ä" * 16, other, buy.coid[:-1], buy.coid.upper()):
        rig.engine.sent(coid, rig.tick())
        rig.engine.not_sent(coid, "kill", rig.tick())
        rig.engine.reject(coid, rig.tick())
        rig.engine.absent(coid, rig.tick())
        rig.engine.ambiguous(coid, "lost", rig.tick())
        rig.engine.found(coid, "filled", "1", BINANCE, rig.tick())
        assert rig.engine.ack(coid, rig.tick()) == "foreign"
        assert rig.engine.report(coid, "filled", "1", BINANCE, rig.tick()) == "foreign"
        assert rig.engine.fill(coid, "1", "1", "1", "0", 0, BINANCE, rig.tick()) == "foreign"
    assert rig.engine.state_hash == state
    assert rig.engine.state == "ACTIVE"


def test_ids_that_were_never_registered_are_index_errors_and_not_crashes(rig: Rig) -> None:
    engine, t = rig.engine, rig.tick()
    buy, _ = rig.cross()
    calls = [
        lambda bad: engine.conn_up(bad, t),
        lambda bad: engine.conn_down(bad, t),
        lambda bad: engine.frame(bad, b"{}", t),
        lambda bad: engine.snapshot(bad, b"{}", 5, t),
        lambda bad: engine.refused(bad, t),
        lambda bad: engine.refused(0, t, bad),
        lambda bad: engine.stream("closing", bad, True, t),
        lambda bad: engine.stream("private", bad, True, t),
        lambda bad: engine.command("halt", t, "venue", bad),
        lambda bad: engine.command("halt", t, "pair", bad),
        lambda bad: engine.balance(bad, 0, "1", t),
        lambda bad: engine.balance(0, bad, "1", t),
        lambda bad: engine.book(bad),
        lambda bad: engine.book_state(bad),
        lambda bad: engine.account(bad, 0),
        lambda bad: engine.account(0, bad),
        lambda bad: engine.exposure(bad),
        lambda bad: engine.dust(bad),
        lambda bad: engine.position(bad, "1", t),
        lambda bad: engine.position_of(bad),
        lambda bad: engine.unpriced_fees(bad),
        lambda bad: engine.asset_price(bad, "1", t),
        lambda bad: engine.cash(bad, 0, "1", "other", t),
        lambda bad: engine.cash(0, bad, "1", "other", t),
        lambda bad: engine.rules(bad, rules(), True, t),
        lambda bad: engine.fill(buy.coid, "1", "1", "1", "0", bad, 0, t),
        lambda bad: engine.report(buy.coid, "filled", "1", bad, t),
        lambda bad: engine.add_pair(0, bad, 2, 5),
        lambda bad: engine.add_connection(bad, "bybit_spot"),
    ]
    for call in calls:
        for bad in (-1, 2, 40_000, 70_000):
            with pytest.raises(IndexError):
                call(bad)
    for wrong in (
        lambda: engine.command("stop", t),  # type: ignore[arg-type]
        lambda: engine.report(buy.coid, "gone", "1", 0, t),  # type: ignore[arg-type]
        lambda: engine.stream("public", 0, True, t),  # type: ignore[arg-type]
        lambda: engine.add_connection(0, "okx_spot"),
    ):
        with pytest.raises(KeyError):
            wrong()


def test_settings_that_cannot_be_held_are_refused() -> None:
    with pytest.raises(ValueError, match="instance"):
        Engine(EngineSettings(instance="abc"))
    with pytest.raises(ValueError, match="32 assets"):
        Engine(settings(max_position=("1",) * 33))  # type: ignore[arg-type]
    with pytest.raises(InexactError, match="max_loss"):
        Engine(settings(max_loss="ten"))


# The tape.


def play(rig: Rig) -> None:
    """A trade, a gap, a refused frame that the slow path read, a halt."""
    buy, sell = rig.cross()
    for leg in (buy, sell):
        rig.engine.sent(leg.coid, rig.tick())
        rig.fill(leg, leg.side)
        rig.engine.report(leg.coid, "filled", leg.qty, leg.instrument, rig.tick())
    rig.engine.drain()
    rig.binance.id += 3
    rig.engine.frame(BINANCE, rig.binance.move(*DEAR), rig.tick())
    rig.engine.snapshot(BINANCE, rig.binance.snapshot(), 1000, rig.tick())
    rig.engine.frame(BINANCE, rig.binance.move({"99.00": "1"}, {"99.50": "2"}), rig.tick())
    rig.engine.decide(rig.t)
    rig.engine.time(rig.tick(300 * MS))
    rig.engine.command("halt", rig.tick())
    rig.engine.drain()


def test_a_tape_replays_to_the_same_actions_and_state(rig: Rig) -> None:
    tape = rig.engine.drain_tape()
    play(rig)
    tape += rig.engine.drain_tape()
    result = replay_tape(tape)
    assert (result["status"], result["left"]) == ("ok", 0)
    assert result["action_hash"] == rig.engine.action_hash
    assert result["state_hash"] == rig.engine.state_hash
    assert rig.engine.tape_dropped == 0
    assert len(result["placed"]) == rig.engine.stats["orders"] >= 2
    assert {placed[4] for placed in result["placed"]} == {"LIVE"}
    changes = [(instrument, state, reason) for _, instrument, state, reason in result["books"]]
    assert (BINANCE, "STALE", "gap") in changes


def test_a_tape_that_misses_an_input_replays_to_something_else(rig: Rig) -> None:
    head = rig.engine.drain_tape()
    rig.cross()
    rig.engine.drain_tape()
    rig.engine.time(rig.tick(300 * MS))
    assert replay_tape(head + rig.engine.drain_tape())["action_hash"] != rig.engine.action_hash


def test_a_tape_that_is_cut_or_no_tape_says_so(rig: Rig) -> None:
    tape = rig.engine.drain_tape()
    assert replay_tape(tape[:-1])["status"] == "cut"
    assert replay_tape(b"")["status"] == "no head"
    assert replay_tape(b"not a tape at all")["status"] != "ok"


def test_a_tape_without_room_counts_what_it_lost() -> None:
    rig = Rig(tape_bytes=512)
    rig.account()
    rig.live()
    assert rig.engine.tape_dropped > 0


def test_an_engine_without_a_tape_records_nothing() -> None:
    rig = Rig(tape_bytes=0)
    rig.live()
    assert rig.engine.drain_tape() == b""
    assert rig.engine.tape_dropped == 0


@pytest.mark.parametrize(
    ("qty", "entry"), [("0.000", "0.000000000000000"), ("0", "0"), ("-0.001", "61234.123456789012345")]
)
def test_a_position_is_read_as_venues_print_it(qty: str, entry: str) -> None:
    engine = Engine()
    base, quote = engine.add_asset("BTC"), engine.add_asset("USDT")
    venue = engine.add_venue("a")
    connection = engine.add_connection(venue, "binance_usdm")
    instrument = engine.add_instrument(
        "BTC/USDT:USDT", venue=venue, market="binance_usdm", pair=engine.add_pair(base, quote, 2, 6),
        connection=connection, venue_symbol="BTCUSDT", price_decimals=2, qty_decimals=6, rules=rules(),
    )  # fmt: skip
    assert engine.position(instrument, qty, 1, entry) == "opened"
    assert Decimal(engine.position_of(instrument)[0]) == Decimal(qty)
