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
    account.opening = total;
    return true;
}

void Ledger::book_fill(const Record& record, const Instrument& instrument) noexcept {
    const Amount base = base_amount(record.qty, instrument.grid);
    const Amount quote = quote_amount(record.price * record.qty, instrument.grid);
    const bool buy = record.side == Side::buy;
    accounts_[index(record.venue)][index(buy ? instrument.quote : instrument.base)].reserved -= record.other;
    touch(record.venue, instrument.base).flow += buy ? base : -base;
    touch(record.venue, instrument.quote).flow += buy ? -quote : quote;
    Account& fee_account = touch(record.venue, record.asset);
    fee_account.flow -= record.amount;
    fee_account.fees += record.amount;
    (buy ? pending_buy_ : pending_sell_)[index(instrument.base)] -= base;
}

void Ledger::apply(const Record& record, const Instrument& instrument) noexcept {
    const bool buy = record.side == Side::buy;
    Amount& pending = (buy ? pending_buy_ : pending_sell_)[index(instrument.base)];
    const AssetId reserved_asset = buy ? instrument.quote : instrument.base;
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
    const Amount rest[] = {pending_notional_, realised_, peak_};
    return hash_bytes(rest, sizeof rest, h);
}

}  // namespace arb
