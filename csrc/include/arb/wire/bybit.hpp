// Bybit v5 book messages, spot and linear: topics orderbook.{1|50|200|500|1000}.SYMBOL.
#pragma once

#include "arb/wire/level_list.hpp"
#include "arb/wire/status.hpp"
#include "arb/wire/symbol_table.hpp"

namespace arb::wire {

// One per connection, as BinanceReader.
class BybitReader {
public:
    //   {"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1687940967466,
    //    "data":{"s":"BTCUSDT","b":[["30247.20","30.028"]],"a":[["30248.70","0"]],"u":177400507,
    //            "seq":66544703342},"cts":1687940967464}
    // Level 1 is snapshot-only and becomes UpdateKind::ticker. Key order differs between topics.
    Decoded read(const char* begin, const char* end, const SymbolTable& symbols,
                 LevelBuffer& levels) noexcept;

private:
    LevelColumns bids_;
    LevelColumns asks_;
};

}  // namespace arb::wire
