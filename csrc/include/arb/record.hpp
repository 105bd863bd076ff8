// What happened to a trade, as the one thing that may change it.
//
// `step` decides and writes records; `apply` reads them and changes trade and ledger. Live, replay and
// a fold over a journal run the same `apply`, so they cannot disagree.
#pragma once

#include "arb/order.hpp"

namespace arb {

enum class RecordKind : std::uint8_t {
    none,
    intent,    // order, limit, qty, reserved: an order that may now be sent
    sent,      // bytes may have left
    report,    // code = OrderStatus, qty = cumulative quantity
    fill,      // price, qty, fee of one execution; ref = hash of the venue's trade id, other = reservation
               // released
    unknown,   // code = UnknownReason
    resolved,  // code = ResolveSource, qty = executed, ref = ordered, other = base not executed, amount =
               // reservation released
    done,      // the trade is flat up to dust: amount = base left over, other = quote result
    halt,      // code = HaltReason
    adopt,     // seen after the order was resolved, and the pair is halted; code = AdoptCode.
               // more: qty = what executed beyond; reopened: qty = what may still execute, ref = ordered,
               // amount = reserved again
    price,     // of an asset in the accounting currency: amount; values the fees paid in it
    cash,      // money that came or went without an order: amount; code = CashKind
};

enum class UnknownReason : std::uint8_t { none, ack_timeout, ambiguous_answer, connection_lost };
enum class ResolveSource : std::uint8_t { none, report, query, reject, not_sent, fence };
enum class AdoptCode : std::uint8_t { more, reopened };
enum class CashKind : std::uint8_t { funding, transfer, other };
enum class HaltReason : std::uint8_t {
    none,
    hedges_spent,    // the imbalance remains after the allowed attempts
    no_hedge_book,   // no usable book within the hedge time
    order_lost,      // unknown past its time: worst-case exposure is held
    late_execution,  // an execution after the order was resolved
    foreign_fill,    // an execution of an order that is not ours
    loss_limit,
    operator_halt,
    bad_input,       // an event could not be represented exactly
    fence_broken,    // an order was seen after the fence had ended it: it is followed again, at its worst case
};
const char* name(HaltReason reason) noexcept;

struct Record {
    std::uint64_t seq = 0;  // the engine's running number, without gaps
    Nanos time = 0;
    OrderId order{};
    std::uint64_t ref = 0;  // meaning by kind, as above
    Price price{};
    Qty qty{};
    Amount amount{};
    Amount other{};
    std::uint32_t trade = 0;  // slot-independent: the low 32 bits of the trade's seq
    InstrumentId instrument{};
    PairId pair{};
    RecordKind kind = RecordKind::none;
    std::uint8_t index = 0;  // the order's place in its trade
    std::uint8_t code = 0;
    Side side = Side::buy;
    VenueId venue{};
    AssetId asset{};  // of a fill's fee, a price, cash
    std::uint8_t hedge = 0;
    std::uint8_t reduce_only = 0;  // of a place: it can only shrink the venue's position
};
static_assert(sizeof(Record) == 96 && std::has_unique_object_representations_v<Record>);

}  // namespace arb
