// One symbol at one venue: its grid, the venue's order rules, and the fees of this account.
#pragma once

#include "arb/units.hpp"

namespace arb {

// Which continuity rule, book messages and fee habits apply.
enum class Market : std::uint8_t { binance_spot, binance_usdm, bybit_spot, bybit_linear };

constexpr bool is_perpetual(Market market) noexcept {
    return market == Market::binance_usdm || market == Market::bybit_linear;
}

// What a taker's buy pays its fee in: the quote asset, or the base asset it receives (spot default).
enum class FeeMode : std::uint8_t { quote, base };

// The venue's order filters, on the pair's grid. A bound of 0 is no bound.
struct Filters {
    Price tick{1};
    Price min_price{};
    Price max_price{};
    Qty lot{1};
    Qty min_qty{};
    Qty max_qty{};
    Notional min_notional{};
    Notional max_notional{};
};

struct Fees {
    Ppm taker{};
    Ppm maker{};
    FeeMode buy_mode = FeeMode::quote;
};

struct Instrument {
    VenueId venue{};
    Market market = Market::binance_spot;
    PairId pair{};
    AssetId base{};
    AssetId quote{};
    bool tradable = true;
    Grid grid{};
    Filters filters{};
    Fees fees{};
};

}  // namespace arb
