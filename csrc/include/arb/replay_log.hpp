// A watcher that keeps what it saw: which book was in which state when an order was decided on.
#pragma once

#include <vector>

#include "arb/replay.hpp"

namespace arb {

class ReplayLog final : public ReplayWatcher {
public:
    struct BookChange {
        Nanos time;
        InstrumentId instrument;
        BookState state;
        StaleReason reason;
    };
    struct Placed {
        Nanos time;  // of the turn that decided it
        OrderId order;
        InstrumentId instrument;
        bool hedge;
        BookState book;  // of that instrument when the order was decided on
    };

    void on_book(InstrumentId instrument, BookState state, StaleReason reason, Nanos time) override {
        books.push_back({time, instrument, state, reason});
        if (now_.size() <= index(instrument)) now_.resize(index(instrument) + 1, BookState::syncing);
        now_[index(instrument)] = state;
    }
    // Actions are drained in the turn that made them, so the book is as the decision saw it.
    void on_action(const Action& action) override {
        if (action.kind != ActionKind::place) return;
        const std::size_t at = index(action.body.instrument);
        const BookState book = at < now_.size() ? now_[at] : BookState::syncing;
        placed.push_back({action.trigger, action.body.order, action.body.instrument, action.body.hedge != 0, book});
    }

    std::vector<BookChange> books;
    std::vector<Placed> placed;

private:
    std::vector<BookState> now_;
};

}  // namespace arb
