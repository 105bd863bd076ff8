// Whether the body of an event that was read from a file means something: enumerators and flags that exist,
// numbers within the bounds for which the arithmetic behind them is proven not to overflow.
//
// The live engine is not asked to check: its callers make these structures. A file may hold anything.
#pragma once

#include "arb/events.hpp"
#include "arb/tape.hpp"

namespace arb::event {

bool sound(const Head&) noexcept;
bool sound(const PairBody&) noexcept;
bool sound(const InstrumentBody&) noexcept;
bool sound(const ConnectionBody&) noexcept;
constexpr bool sound(const StandbyBody&) noexcept { return true; }
bool sound(const Switch&) noexcept;
bool sound(const Connection&) noexcept;
bool sound(const Stream&) noexcept;
bool sound(const Frame&) noexcept;
bool sound(const UpdateBody&) noexcept;
bool sound(const Refused&) noexcept;
bool sound(const Snapshot&) noexcept;
bool sound(const Time&) noexcept;
bool sound(const OrderBody&) noexcept;
bool sound(const Fill&) noexcept;
bool sound(const Balance&) noexcept;
bool sound(const Command&) noexcept;
bool sound(const IdBlock&) noexcept;
bool sound(const AssetPrice&) noexcept;
bool sound(const Position&) noexcept;
bool sound(const Rules&) noexcept;
bool sound(const Cash&) noexcept;
constexpr bool sound(const Named&) noexcept { return true; }
constexpr bool sound(const Drained&) noexcept { return true; }
bool sound(const Level&) noexcept;

}  // namespace arb::event
