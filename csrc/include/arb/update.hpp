// One decoded book message, whichever venue and shape it came in.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "arb/units.hpp"

namespace arb {

enum class UpdateKind : std::uint8_t {
    delta,     // levels to set; quantity 0 deletes
    snapshot,  // the whole book, as far as the venue shows it
    ticker,    // the best level of each side, from bookTicker or a level-1 topic
};

// Ids as the venue numbers them; a field the venue does not send is 0.
//   Binance depthUpdate  first_id U, last_id u, prev_id pu (USD-M only)
//   Binance bookTicker   last_id u;       REST snapshot  last_id lastUpdateId
//   Bybit orderbook      last_id u, sequence seq
struct Update {
    UpdateKind kind = UpdateKind::delta;
    bool has_prev_id = false;  // pu was in the message
    std::int64_t first_id = 0;
    std::int64_t last_id = 0;
    std::int64_t prev_id = 0;
    std::int64_t sequence = 0;
    Nanos event_time = 0;   // venue clock: Binance E, Bybit ts
    Nanos engine_time = 0;  // venue clock, matching engine: Binance T, Bybit cts
    std::span<const Level> bids;
    std::span<const Level> asks;
};

// Storage for the levels of one update; shared by all readers of an engine (D12).
inline constexpr std::size_t kUpdateLevels = 8192;
using LevelBuffer = std::array<Level, kUpdateLevels>;

}  // namespace arb
