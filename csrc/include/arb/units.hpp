// The quantities everything else is made of, one type each, so that a price is never a quantity.
//
// An asset pair has one price grid and one quantity grid for all its venues (docs/decisions, D3):
// `Price{123450}` on a grid of two decimals is 1234.50. All arithmetic is integer and exact.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace arb {

__extension__ using Int128 = __int128;  // gcc and clang; strict ISO has no such type

// Nanoseconds: of the driver's monotonic clock for events, of the venue's wall clock in updates.
using Nanos = std::int64_t;
inline constexpr Nanos kMillisecond = 1'000'000;
inline constexpr Nanos kSecond = 1'000'000'000;

enum class Side : std::uint8_t { buy, sell };

constexpr Side opposite(Side side) noexcept { return side == Side::buy ? Side::sell : Side::buy; }

// Steps of 10^-price_decimals of the quote asset per base asset.
struct Price {
    std::int64_t value = 0;
    constexpr auto operator<=>(const Price&) const = default;
};

// Steps of 10^-qty_decimals of the base asset. Signed, so that a position is a Qty too.
struct Qty {
    std::int64_t value = 0;
    constexpr auto operator<=>(const Qty&) const = default;
    constexpr Qty operator-() const noexcept { return {-value}; }
    constexpr Qty& operator+=(Qty other) noexcept { value += other.value; return *this; }
    constexpr Qty& operator-=(Qty other) noexcept { value -= other.value; return *this; }
    friend constexpr Qty operator+(Qty a, Qty b) noexcept { return {a.value + b.value}; }
    friend constexpr Qty operator-(Qty a, Qty b) noexcept { return {a.value - b.value}; }
};

// Price x quantity: steps of 10^-(price_decimals + qty_decimals) of the quote asset.
struct Notional {
    Int128 value = 0;
    constexpr auto operator<=>(const Notional&) const = default;
    constexpr Notional operator-() const noexcept { return {-value}; }
    constexpr Notional& operator+=(Notional other) noexcept { value += other.value; return *this; }
    friend constexpr Notional operator+(Notional a, Notional b) noexcept { return {a.value + b.value}; }
    friend constexpr Notional operator-(Notional a, Notional b) noexcept { return {a.value - b.value}; }
};

constexpr Notional operator*(Price price, Qty qty) noexcept {
    return {static_cast<Int128>(price.value) * qty.value};
}

// Steps of 1e-18 of one asset (D4): what balances and fees are counted in.
struct Amount {
    Int128 value = 0;
    constexpr auto operator<=>(const Amount&) const = default;
    constexpr Amount operator-() const noexcept { return {-value}; }
    constexpr Amount& operator+=(Amount other) noexcept { value += other.value; return *this; }
    constexpr Amount& operator-=(Amount other) noexcept { value -= other.value; return *this; }
    friend constexpr Amount operator+(Amount a, Amount b) noexcept { return {a.value + b.value}; }
    friend constexpr Amount operator-(Amount a, Amount b) noexcept { return {a.value - b.value}; }
};
inline constexpr int kAmountDecimals = 18;

// Parts per million; a fee of 10 bp is Ppm{1000}. Negative for a maker rebate.
struct Ppm {
    std::int32_t value = 0;
    constexpr auto operator<=>(const Ppm&) const = default;
};
inline constexpr std::int64_t kPpmOne = 1'000'000;

struct Level {
    Price price;
    Qty qty;
    constexpr bool operator==(const Level&) const = default;
};

// Decimals of a pair's two grids.
struct Grid {
    std::uint8_t price_decimals = 8;
    std::uint8_t qty_decimals = 8;
    constexpr bool operator==(const Grid&) const = default;
};

// Dense indices, given in the order of registration; they index arrays of the engine.
enum class VenueId : std::uint8_t {};
enum class AssetId : std::uint8_t {};
enum class InstrumentId : std::uint16_t {};
enum class PairId : std::uint16_t {};
enum class ConnId : std::uint16_t {};

template <class Id>
constexpr std::size_t index(Id id) noexcept {
    return static_cast<std::size_t>(id);
}

}  // namespace arb
