// One connection's view of an instrument: its own depth book and the best price of the same connection.
//
// Two connections never feed one book: where they cut their windows differently USD-M's `pu == last u` sees a
// gap at every turn (22 false gaps in 6 rotations, measured; with a slot each, none).
#pragma once

#include "arb/best_price.hpp"

namespace arb {

struct BookSlot {
    ConnId connection{};
    SyncedBook book;
    BestPrice best{};
    // When a message about the symbol last came, applied or not: a watchdog's facts, no decision reads them.
    Nanos book_heard = 0;
    Nanos best_heard = 0;

    BookSlot(ConnId conn, Market market) : connection(conn), book(market) {}

    Touch touch() const noexcept { return best.in_force(book) ? best.touch() : book.touch(); }
    // What tells the newer of two slots of one instrument.
    std::int64_t key() const noexcept {
        return ordered_by_sequence(book.market()) ? book.sequence() : book.last_id();
    }
};

}  // namespace arb
