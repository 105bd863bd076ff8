#include "arb/ledger.hpp"

#include "arb/amounts.hpp"
#include "arb/hash.hpp"

namespace arb {

namespace {

// The whole order at its limit, quote asset.
Amount ordered(const Record& record, const Instrument& instrument) noexcept {
    return quote_amount(record.price * Qty{static_cast<std::int64_t>(record.ref)}, instrument.grid);
}

}  // namespace

bool Ledger::open(VenueId venue, AssetId asset, Amount total) noexcept {
    Account& account = accounts_[index(venue)][index(asset)];
    if (account.records != 0) return false;
    account.opening = total - account.basis;
    return true;
}

bool Ledger::open_position(InstrumentId id, const Instrument& instrument, Qty qty, Amount cost) noexcept {
    Position& position = positions_[index(id)];
    if (position.records != 0) return false;
    auto& at = accounts_[index(instrument.venue)];
    at[index(instrument.base)].opening += base_amount(qty - position.opening, instrument.grid);
    at[index(instrument.quote)].opening -= cost - position.cost;
    at[index(instrument.quote)].basis += cost - position.cost;
    position.opening = qty;
    position.cost = cost;
    return true;
}

// A cost in another asset than those of the trade counts at the newest price, or at the first one to come.
void Ledger::count(AssetId asset, Amount cost) noexcept {
    const Amount price = prices_[index(asset)];
    if (price.value == 0) {
        unpriced_[index(asset)] += cost;
    } else {
        realised_ -= worth_of(cost, price);
    }
}

void Ledger::book_position(const Record& record) noexcept {
    Position& position = positions_[index(record.instrument)];
    const bool buy = record.side == Side::buy;
    Qty& pending = buy ? position.pending_buy : position.pending_sell;
    switch (record.kind) {
        case RecordKind::intent:
        case RecordKind::adopt: pending += record.qty; break;
        case RecordKind::fill:
            pending -= record.qty;
            position.flow += buy ? record.qty : -record.qty;
            break;
        case RecordKind::resolved: pending -= Qty{static_cast<std::int64_t>(record.ref)} - record.qty; break;
        default: return;
    }
    ++position.records;
}

void Ledger::book_fill(const Record& record, const Instrument& instrument) noexcept {
    const Amount base = base_amount(record.qty, instrument.grid);
    const Amount quote = quote_amount(record.price * record.qty, instrument.grid);
    const bool buy = record.side == Side::buy;
    const AssetId held = buy ? instrument.quote : instrument.base;
    accounts_[index(record.venue)][index(held)].reserved -= record.other;
    touch(record.venue, instrument.base).flow += buy ? base : -base;
    touch(record.venue, instrument.quote).flow += buy ? -quote : quote;
    Account& fee_account = touch(record.venue, record.asset);
    fee_account.flow -= record.amount;
    fee_account.fees += record.amount;
    const bool own = record.asset == instrument.base || record.asset == instrument.quote;
    if (!own) count(record.asset, record.amount);
    (buy ? pending_buy_ : pending_sell_)[index(instrument.base)] -= base;
}

void Ledger::apply(const Record& record, const Instrument& instrument) noexcept {
    const bool buy = record.side == Side::buy;
    Amount& pending = (buy ? pending_buy_ : pending_sell_)[index(instrument.base)];
    const AssetId reserved_asset = buy ? instrument.quote : instrument.base;
    if (is_perpetual(instrument.market)) book_position(record);
    switch (record.kind) {
        case RecordKind::intent:
            touch(record.venue, reserved_asset).reserved += record.amount;
            pending += base_amount(record.qty, instrument.grid);
            pending_notional_ += quote_amount(record.price * record.qty, instrument.grid);
            break;
        case RecordKind::fill:
            book_fill(record, instrument);
            break;
        case RecordKind::adopt:  // fills that follow take the quantity off again
            pending += base_amount(record.qty, instrument.grid);
            if (record.code != static_cast<std::uint8_t>(AdoptCode::reopened)) break;
            touch(record.venue, reserved_asset).reserved += record.amount;
            pending_notional_ += ordered(record, instrument);
            break;
        case RecordKind::resolved:  // what executed but has no fill yet stays pending until it has
            touch(record.venue, reserved_asset).reserved -= record.amount;
            pending -= record.other;
            pending_notional_ -= ordered(record, instrument);
            break;
        case RecordKind::done:
            dust_[index(record.pair)] = record.amount;
            realised_ += record.other;
            if (realised_ > peak_) peak_ = realised_;
            break;
        case RecordKind::price:
            prices_[index(record.asset)] = record.amount;
            count(record.asset, unpriced_[index(record.asset)]);
            unpriced_[index(record.asset)] = {};
            break;
        case RecordKind::cash:
            touch(record.venue, record.asset).flow += record.amount;
            if (record.code == static_cast<std::uint8_t>(CashKind::funding)) count(record.asset, -record.amount);
            break;
        case RecordKind::none:
        case RecordKind::sent:
        case RecordKind::report:
        case RecordKind::unknown:
        case RecordKind::halt:
            break;
    }
}

Exposure Ledger::exposure(AssetId asset) const noexcept {
    Amount net{};
    for (const auto& venue : accounts_) net += venue[index(asset)].flow;
    return {net - pending_sell_[index(asset)], net + pending_buy_[index(asset)]};
}

std::uint64_t Ledger::state_hash(std::uint64_t seed) const noexcept {
    std::uint64_t h = hash_bytes(accounts_.data(), sizeof accounts_, seed);
    h = hash_bytes(pending_buy_.data(), sizeof pending_buy_, h);
    h = hash_bytes(pending_sell_.data(), sizeof pending_sell_, h);
    h = hash_bytes(dust_.data(), sizeof dust_, h);
    h = hash_bytes(positions_.data(), sizeof positions_, h);
    h = hash_bytes(prices_.data(), sizeof prices_, h);
    h = hash_bytes(unpriced_.data(), sizeof unpriced_, h);
    const Amount rest[] = {pending_notional_, realised_, peak_};
    return hash_bytes(rest, sizeof rest, h);
}

}  // namespace arb
