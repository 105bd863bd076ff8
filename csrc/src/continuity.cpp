#include "arb/continuity.hpp"

namespace arb {
namespace {

// id == last + 1, id > last + 1: written so that ids at the end of the range do not wrap.
constexpr bool is_next(std::int64_t id, std::int64_t last) noexcept { return id > last && id - 1 == last; }
constexpr bool is_later(std::int64_t id, std::int64_t last) noexcept { return id > last && id - 1 > last; }

}  // namespace

// Binance spot, diff depth stream (L = lastUpdateId of the snapshot, last = u of the book):
//   S1  u <= L, u <= last: already contained, drop.
//   S2  First kept: U <= L+1 <= u. (The documents' "lastUpdateId within [U;u]" is too strict: where the
//       snapshot ends with an update, the next one has U == L+1. Recorded data has such cases.)
//   S3  Then U == last+1. U > last+1: something was missed, discard the book. An update that begins earlier
//       but ends later than the book is applied: quantities are absolute.
// S2 and S3 are one test, since the snapshot's id is the book's.
Verdict check_binance_spot(const Chain& chain, const Update& update) noexcept {
    if (update.kind != UpdateKind::delta) return Verdict::old;
    if (update.last_id <= chain.last_id) return Verdict::old;  // S1
    if (is_later(update.first_id, chain.last_id)) return Verdict::gap;  // S2, S3
    return Verdict::apply;
}

// Binance USD-M, diff depth stream. Ids are shared by all symbols: U says nothing about the previous u.
//   F1  u < L: older than the snapshot, drop. The one with u == L is kept: applying it again is harmless, and
//       dropping it would make good snapshots look like gaps.
//   F2  First kept: U <= L and u >= L.
//   F3  ... or U > L but pu <= L: nothing of this symbol lies between, the sync is good.
//   F4  Then pu == last u, else restart from the snapshot. An update without pu proves nothing: a gap.
//   F5  After the first, u <= last u is a repetition, drop.
Verdict check_binance_usdm(const Chain& chain, const Update& update) noexcept {
    if (update.kind != UpdateKind::delta) return Verdict::old;
    if (!chain.bridged) {
        if (update.last_id < chain.last_id) return Verdict::old;  // F1
        if (update.first_id <= chain.last_id) return Verdict::apply;  // F2
        if (update.has_prev_id && update.prev_id <= chain.last_id) return Verdict::apply;  // F3
        return Verdict::gap;
    }
    if (update.last_id <= chain.last_id) return Verdict::old;  // F5
    if (update.has_prev_id && update.prev_id == chain.last_id) return Verdict::apply;  // F4
    return Verdict::gap;
}

// Bybit v5 orderbook topics, spot and linear:
//   B1  A snapshot replaces the whole book, whenever it comes and whatever its u.
//   B2  u == 1 is a snapshot after a restart of the service, whatever its type says.
//   B3  Delta: u == last u + 1. The documents promise no continuity, recordings keep it: a jump is taken for
//       a gap.
//   B4  A delta whose seq is not newer is a repetition, drop. Judged by seq (monotone across restarts), since
//       u falls back to 1 in a restart: by u alone, a missed restart would look like repetitions for ever.
// (Level 1 repeats its snapshot with the same u every 3 s: with B1 that changes nothing.)
Verdict check_bybit(const Chain& chain, const Update& update) noexcept {
    if (update.kind == UpdateKind::ticker) return Verdict::old;
    if (update.kind == UpdateKind::snapshot) return Verdict::replace;  // B1
    if (update.last_id == 1) return Verdict::replace;  // B2
    if (is_next(update.last_id, chain.last_id)) return Verdict::apply;  // B3
    const bool newer = update.last_id > chain.last_id || update.sequence > chain.sequence;
    if (!newer) return Verdict::old;  // B4
    return Verdict::gap;
}

Verdict check(Market market, const Chain& chain, const Update& update) noexcept {
    switch (market) {
        case Market::binance_spot: return check_binance_spot(chain, update);
        case Market::binance_usdm: return check_binance_usdm(chain, update);
        case Market::bybit_spot:
        case Market::bybit_linear: return check_bybit(chain, update);
    }
    return Verdict::gap;
}

}  // namespace arb
