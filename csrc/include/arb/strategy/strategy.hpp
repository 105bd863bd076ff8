// The seam where strategies plug in: a strategy reads books and proposes; it never sends.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "arb/book_view.hpp"
#include "arb/intent.hpp"
#include "arb/ledger.hpp"
#include "arb/risk.hpp"

namespace arb {

struct Member {  // one venue's market of the pair
    InstrumentId id{};
    const Instrument* instrument = nullptr;
    BookView book{};
    Position position{};   // of a perpetual, as the next
    Amount margin_room{};  // at the leverage limit, beside its other positions; 0 where it is not known
};

struct PairView {
    PairId pair{};
    std::span<const Member> members;
    Amount dust{};  // base left over by earlier trades, to be netted
    const Ledger& ledger;
    const Limits& limits;
};

class Proposals {
public:
    static constexpr std::size_t kMost = 4;
    void add(const Proposal& proposal) noexcept {
        if (size_ < kMost) items_[size_++] = proposal;
    }
    std::span<const Proposal> items() const noexcept { return {items_.data(), size_}; }

private:
    std::array<Proposal, kMost> items_{};
    std::size_t size_ = 0;
};

class Strategy {
public:
    virtual ~Strategy() = default;
    virtual void on_book(const PairView& view, Proposals& out) noexcept = 0;
    virtual void on_fill(const Record& fill) noexcept = 0;
};

enum class StrategyKind : std::uint8_t { taker };

struct StrategyParams {
    StrategyKind kind = StrategyKind::taker;
    Ppm min_edge{};  // of the price, after fees, on the last step taken
    Ppm slippage{};  // how far limits go beyond the deepest level used
};

std::unique_ptr<Strategy> make_strategy(const StrategyParams& params);

}  // namespace arb
