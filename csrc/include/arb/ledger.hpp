// The one owner of money: what fills did to each account, what orders still may do, what is left over.
//
// Only records change it. Exposure is an interval: an order that is pending or unknown may execute in
// full or not at all, and limits look at the worse end.
#pragma once

#include <array>

#include "arb/instrument.hpp"
#include "arb/record.hpp"

namespace arb {

inline constexpr std::size_t kMaxVenues = 8;
inline constexpr std::size_t kMaxAssets = 32;
inline constexpr std::size_t kMaxPairs = 64;

struct Account {          // one asset at one venue
    Amount opening{};     // what the venue reported before the first order
    Amount flow{};        // what fills and fees changed since
    Amount reserved{};    // held by intents until their orders are resolved
    Amount fees{};        // part of `flow`
    std::uint64_t records = 0;  // that touched it
    std::uint64_t spare = 0;    // no padding: accounts are hashed as bytes
    constexpr Amount total() const noexcept { return opening + flow; }
    constexpr Amount free() const noexcept { return opening + flow - reserved; }
};

struct Exposure {  // of a base asset over all venues, against the opening
    Amount low{};
    Amount high{};
    constexpr Amount worst() const noexcept {
        const Amount a = low.value < 0 ? -low : low;
        const Amount b = high.value < 0 ? -high : high;
        return a > b ? a : b;
    }
};

class Ledger {
public:
    // Sets the opening balance; refused (false) once a record touched the account, because a balance
    // older than a known fill must never overwrite it.
    bool open(VenueId venue, AssetId asset, Amount total) noexcept;

    void apply(const Record& record, const Instrument& instrument) noexcept;

    const Account& account(VenueId venue, AssetId asset) const noexcept {
        return accounts_[index(venue)][index(asset)];
    }
    Exposure exposure(AssetId asset) const noexcept;
    Amount dust(PairId pair) const noexcept { return dust_[index(pair)]; }
    Amount pending_notional() const noexcept { return pending_notional_; }
    Amount realised() const noexcept { return realised_; }
    Amount peak() const noexcept { return peak_; }
    Amount drawdown() const noexcept { return peak_ - realised_; }

    std::uint64_t state_hash(std::uint64_t seed) const noexcept;

private:
    Account& touch(VenueId venue, AssetId asset) noexcept {
        Account& account = accounts_[index(venue)][index(asset)];
        ++account.records;
        return account;
    }
    void book_fill(const Record& record, const Instrument& instrument) noexcept;

    std::array<std::array<Account, kMaxAssets>, kMaxVenues> accounts_{};
    std::array<Amount, kMaxAssets> pending_buy_{};   // quantity that buys may still add
    std::array<Amount, kMaxAssets> pending_sell_{};  // quantity that sells may still take
    std::array<Amount, kMaxPairs> dust_{};           // base left over by finished trades, netted into the next
    Amount pending_notional_{};                      // at limit prices, quote asset
    Amount realised_{};                              // quote result of finished trades, dust at its value then
    Amount peak_{};
};

}  // namespace arb
