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
inline constexpr std::size_t kMaxInstruments = kMaxVenues * kMaxPairs;

// One asset at one venue. A perpetual is kept like spot: the base account is the signed position, the quote
// account is cash, the wallet less what its open positions cost. So a flat account's cash is its wallet, and
// its equity is cash and positions at their price, whatever they were entered at.
struct Account {
    Amount opening{};     // what the venue reported before the first order, less `basis`
    Amount flow{};        // what fills and fees changed since
    Amount reserved{};    // held by intents until their orders are resolved
    Amount fees{};        // part of `flow`
    Amount basis{};       // what the positions of the opening had cost
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

// Of a perpetual: what is held, and what orders may still make of it.
struct Position {
    Qty opening{};
    Qty flow{};
    Qty pending_buy{};
    Qty pending_sell{};
    Amount cost{};  // of the opening: quantity times entry price
    std::uint64_t records = 0;
    std::uint64_t spare = 0;
    constexpr Qty total() const noexcept { return opening + flow; }
    constexpr Qty low() const noexcept { return total() - pending_sell; }
    constexpr Qty high() const noexcept { return total() + pending_buy; }
    constexpr Qty worst() const noexcept {
        const Qty down = low().value < 0 ? -low() : low();
        const Qty up = high().value < 0 ? -high() : high();
        return down > up ? down : up;
    }
};

class Ledger {
public:
    // Sets the opening balance; refused (false) once a record touched the account, because a balance
    // older than a known fill must never overwrite it.
    bool open(VenueId venue, AssetId asset, Amount total) noexcept;
    // The same for a position, which had cost `cost`: the venue's wallet was not changed by buying it.
    bool open_position(InstrumentId id, const Instrument& instrument, Qty qty, Amount cost) noexcept;

    void apply(const Record& record, const Instrument& instrument) noexcept;

    const Account& account(VenueId venue, AssetId asset) const noexcept {
        return accounts_[index(venue)][index(asset)];
    }
    Exposure exposure(AssetId asset) const noexcept;
    const Position& position(InstrumentId id) const noexcept { return positions_[index(id)]; }
    Amount price(AssetId asset) const noexcept { return prices_[index(asset)]; }  // 0: not known
    // Fees in an asset that no price is known of: not yet part of `realised`.
    Amount unpriced(AssetId asset) const noexcept { return unpriced_[index(asset)]; }
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
    void book_position(const Record& record) noexcept;
    void count(AssetId asset, Amount cost) noexcept;

    std::array<std::array<Account, kMaxAssets>, kMaxVenues> accounts_{};
    std::array<Amount, kMaxAssets> pending_buy_{};   // quantity that buys may still add
    std::array<Amount, kMaxAssets> pending_sell_{};  // quantity that sells may still take
    std::array<Amount, kMaxPairs> dust_{};           // base left over by finished trades, netted into the next
    Amount pending_notional_{};                      // at limit prices, quote asset
    std::array<Position, kMaxInstruments> positions_{};
    std::array<Amount, kMaxAssets> prices_{};        // in the accounting currency
    std::array<Amount, kMaxAssets> unpriced_{};
    // The result of finished trades, dust at its value then; other fees and funding as they come.
    Amount realised_{};
    Amount peak_{};
};

}  // namespace arb
