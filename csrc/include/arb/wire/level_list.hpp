// Reads [["price","quantity"],...], the one list every venue here writes, onto the grid.
#pragma once

#include "arb/wire/cursor.hpp"
#include "arb/wire/fixed_column.hpp"

namespace arb::wire {

// The memos of one side. Each side has its own: bids and asks of one book often differ in width.
struct LevelColumns {
    FixedColumn price{kMaxPrice};
    FixedColumn qty{kMaxQty};

    void use(Grid grid) noexcept {
        price.use(grid.price_decimals);
        qty.use(grid.qty_decimals);
    }
};

// Appends the list at the cursor to [out, limit) and moves `out`. Quantity 0 passes (a deletion), price 0
// does not. On failure the cursor holds the reason.
bool read_levels(Cursor& cursor, LevelColumns& columns, Level*& out, const Level* limit) noexcept;

}  // namespace arb::wire
