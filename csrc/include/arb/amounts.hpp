// From a pair's grid to amounts of an asset (1e-18), and back with the rounding stated at the call.
#pragma once

#include <array>

#include "arb/units.hpp"

namespace arb {

constexpr std::array<Int128, 2 * kAmountDecimals + 1> make_powers_of_ten() noexcept {
    std::array<Int128, 2 * kAmountDecimals + 1> powers{};
    Int128 value = 1;
    for (Int128& power : powers) {
        power = value;
        value *= 10;
    }
    return powers;
}
inline constexpr auto kPow10 = make_powers_of_ten();

// D4: price decimals + quantity decimals <= 18, so both conversions are exact.
constexpr Amount base_amount(Qty qty, Grid grid) noexcept {
    return {qty.value * kPow10[kAmountDecimals - grid.qty_decimals]};
}

constexpr Amount quote_amount(Notional notional, Grid grid) noexcept {
    return {notional.value * kPow10[kAmountDecimals - grid.price_decimals - grid.qty_decimals]};
}

// Down to the grid, towards zero: what is left over is less than one step.
constexpr Qty base_qty(Amount amount, Grid grid) noexcept {
    return {static_cast<std::int64_t>(amount.value / kPow10[kAmountDecimals - grid.qty_decimals])};
}

constexpr Amount absolute(Amount amount) noexcept { return amount.value < 0 ? -amount : amount; }

// A venue's minimum on the grid, rounded up: an order that reaches it reaches the venue's.
constexpr Notional notional_at_least(Amount amount, Grid grid) noexcept {
    const Int128 step = kPow10[kAmountDecimals - grid.price_decimals - grid.qty_decimals];
    return {(amount.value + step - 1) / step};
}

// amount * ppm / 1e6, rounded away from zero: a fee never comes out too small. amount < 2^106.
constexpr Amount ppm_of(Amount amount, Ppm rate) noexcept {
    const Int128 product = amount.value * rate.value;
    const Int128 away = product < 0 ? -(kPpmOne - 1) : kPpmOne - 1;
    return {(product + away) / kPpmOne};
}

// What `amount` of an asset is worth at `price` of one unit, rounded away from zero: a fee never comes out too
// small. amount < 2^106, price < kAssetPriceBound; in parts, because the product passes 128 bits.
inline constexpr Int128 kAssetPriceBound = (Int128{1} << 20) * kPow10[kAmountDecimals];
constexpr Amount worth_of(Amount amount, Amount price) noexcept {
    const Int128 one = kPow10[kAmountDecimals];
    const bool negative = amount.value < 0;
    const Int128 size = negative ? -amount.value : amount.value;
    const Int128 fraction = price.value % one;
    const Int128 value =
        size * (price.value / one) + size / one * fraction + (size % one * fraction + one - 1) / one;
    return {negative ? -value : value};
}

}  // namespace arb
