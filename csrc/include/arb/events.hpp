// The bodies of the events that enter the engine, as they stand on the tape.
#pragma once

#include "arb/order.hpp"
#include "arb/record.hpp"
#include "arb/risk.hpp"
#include "arb/strategy/strategy.hpp"

namespace arb {

enum class StreamKind : std::uint8_t {
    private_stream,  // of a venue: up means reconciled
    order_entry,     // of a venue
    closing,         // of a connection: up means a close was sent, so its frames are no longer to be trusted
};

enum class CommandKind : std::uint8_t { no_new, active, halt };
enum class Scope : std::uint8_t { global, venue, pair };

// Start values are those of docs/risk.md; all of them are configuration.
struct Timing {
    Nanos ack = 200 * kMillisecond;           // without a terminal word an order is unknown after this
    Nanos place_deadline = 5 * kMillisecond;  // an entry not handed over by then is dropped
    Nanos hedge_deadline = 50 * kMillisecond;
    Nanos query[6] = {0, 100 * kMillisecond, 300 * kMillisecond, kSecond, 3 * kSecond, 10 * kSecond};
    Nanos query_later = 5 * kSecond;          // after the schedule is used up
    Nanos fills = 100 * kMillisecond;         // executed, but its fills are not here yet: ask after this
    Nanos fence = 13 * kSecond;               // after the send: recvWindow, 1 s of clock lead, settling
    Nanos absent_gap = kSecond;               // between two queries after it that must not find the order
    Nanos lost = 20 * kSecond;                // unknown for this long: halt, and go on asking
    Nanos hedge = 1500 * kMillisecond;        // from "all resolved"
    Nanos hedge_retry = 20 * kMillisecond;
};

struct EngineConfig {
    OrderOwner owner{};
    std::uint8_t max_hedges = 1;
    Ppm hedge_band{10'000};  // how far beyond the touch a hedge may go
    Limits limits{};
    StrategyParams strategy{};
    Timing timing{};
};
static_assert(std::is_trivially_copyable_v<EngineConfig>);

namespace event {

struct Head {
    std::uint32_t version;
    std::uint32_t layout;  // size of the bodies that hold whole structures: another build is told apart
    EngineConfig config;
};
struct Named {  // a venue or an asset; its name follows
    std::uint16_t id;
};
struct PairBody {
    PairId pair;
    AssetId base;
    AssetId quote;
    Grid grid;
};
struct InstrumentBody {  // the symbol follows
    InstrumentId id;
    ConnId connection;
    Instrument instrument;
};
struct ConnectionBody {
    ConnId id;
    VenueId venue;
    Market market;
};
struct StandbyBody {  // the symbol follows
    InstrumentId id;
    ConnId connection;
};
struct Switch {
    Nanos time;
    InstrumentId instrument;
};
struct Connection {
    Nanos time;
    ConnId id;
};
struct Stream {
    Nanos time;
    std::uint16_t id;
    StreamKind kind;
    bool up;
};
struct Frame {  // the bytes follow
    Nanos time;
    ConnId connection;
};
struct UpdateBody {  // bids, then asks follow
    Nanos time;
    InstrumentId instrument;
    ConnId connection;
    UpdateKind kind;
    bool has_prev_id;
    std::int64_t ids[4];
    Nanos stamps[2];
    std::uint32_t bids;
    std::uint32_t asks;
};
struct Refused {
    Nanos time;
    ConnId connection;
    InstrumentId instrument;
    bool whole_connection;
};
struct Snapshot {  // the bytes follow
    Nanos time;
    InstrumentId instrument;
    ConnId connection;
    std::uint32_t limit;
};
struct Time {
    Nanos time;
};
struct Drained {
    std::uint64_t count;
};
struct OrderBody {
    Nanos time;
    OrderId order;
    Qty cum;
    OrderStatus status;
    std::uint8_t code;
};
struct Fill {
    Nanos time;
    OrderId order;
    Price price;
    Qty qty;
    std::uint64_t trade_id;  // hash of the venue's text
    Amount fee;
    AssetId fee_asset;
};
struct Balance {
    Nanos time;
    Amount total;
    VenueId venue;
    AssetId asset;
};
struct Command {
    Nanos time;
    CommandKind kind;
    Scope scope;
    std::uint16_t id;
};
struct IdBlock {
    Nanos time;
    std::uint64_t upto;
};

struct AssetPrice {
    Nanos time;
    Amount price;
    AssetId asset;
};
struct Position {
    Nanos time;
    Amount cost;
    Qty qty;
    InstrumentId instrument;
};
struct Rules {
    Nanos time;
    Filters filters;
    InstrumentId instrument;
    bool tradable;
    bool fits;  // tick and lot are multiples of the grid's steps
};
struct Cash {
    Nanos time;
    Amount amount;
    VenueId venue;
    AssetId asset;
    CashKind kind;
};

inline constexpr std::uint32_t kLayout = static_cast<std::uint32_t>(
    sizeof(Head) * 31 + sizeof(InstrumentBody) * 7 + sizeof(UpdateBody) + sizeof(Rules) * 3);

}  // namespace event
}  // namespace arb
