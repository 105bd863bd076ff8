// Binance book messages, spot and USD-M: depthUpdate and bookTicker streams, REST depth snapshot.
#pragma once

#include "arb/wire/level_list.hpp"
#include "arb/wire/status.hpp"
#include "arb/wire/symbol_table.hpp"

namespace arb::wire {

// One per connection: the memos fit the widths of what the connection carries. The bytes of a frame and the
// symbol table are only read; levels go to `levels`, where Decoded::update points.
class BinanceReader {
public:
    // A frame of a market stream, raw or combined {"stream":...,"data":{...}}.
    //   spot   {"e":"depthUpdate","E":1,"s":"BNBBTC","U":157,"u":160,"b":[["0.0024","10"]],"a":[]}
    //          {"u":400900217,"s":"BNBUSDT","b":"25.35","B":"31.21","a":"25.36","A":"40.66"}  (no e, no
    //          times)
    //   USD-M  the same with T and pu; bookTicker has e, E and T
    // Streams that show another book than the diff depth (depth5/10/20, rpiDepth) are ignored; only the
    // combined form can tell them.
    Decoded read(const char* begin, const char* end, const SymbolTable& symbols,
                 LevelBuffer& levels) noexcept;

    // The body of REST depth, which names no symbol:
    //   {"lastUpdateId":1027024,"bids":[["4.00","431.00"]],"asks":[]}   (USD-M adds E and T)
    Decoded read_snapshot(const char* begin, const char* end, Grid grid, LevelBuffer& levels) noexcept;

private:
    LevelColumns bids_;
    LevelColumns asks_;
};

}  // namespace arb::wire
