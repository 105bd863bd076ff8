// Quantities as the decimal text people and venues read. For the edge of the core, not its hot path.
#pragma once

#include <array>
#include <string>

#include "arb/decimal.hpp"
#include "arb/units.hpp"

namespace arb {

inline std::string to_text(Int128 value, int decimals) {
    std::array<char, 64> buffer;
    return std::string(format_decimal(value, decimals, buffer));
}
inline std::string to_text(Amount amount) { return to_text(amount.value, kAmountDecimals); }
inline std::string to_text(Price price, Grid grid) { return to_text(price.value, grid.price_decimals); }
inline std::string to_text(Qty qty, Grid grid) { return to_text(qty.value, grid.qty_decimals); }

}  // namespace arb
