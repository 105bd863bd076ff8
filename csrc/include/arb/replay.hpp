// Feeds a tape to a fresh engine: same build, same events, same actions, bit for bit.
#pragma once

#include <cstdint>
#include <span>

#include "arb/engine.hpp"

namespace arb {

enum class ReplayStatus : std::uint8_t {
    ok,
    no_head,       // does not begin with a head: not a tape, or torn at its start
    other_version,
    other_build,   // whole structures have another size
    cut,           // ends within a record; what stood before it was replayed
    unknown_kind,
    malformed,     // a record shorter than its kind says, or an id that was never registered
};
const char* name(ReplayStatus status) noexcept;

// What may be watched while a tape is replayed.
class ReplayWatcher {
public:
    virtual ~ReplayWatcher() = default;
    virtual void on_book(InstrumentId, BookState, StaleReason, Nanos) {}
    virtual void on_action(const Action&) {}
};

struct ReplayResult {
    ReplayStatus status = ReplayStatus::no_head;
    std::uint64_t events = 0;
    std::uint64_t actions = 0;
    std::uint64_t action_hash = 0;
    std::uint64_t state_hash = 0;
    std::size_t left = 0;  // bytes not replayed
};

ReplayResult replay(std::span<const std::uint8_t> tape, ReplayWatcher* watcher = nullptr);

}  // namespace arb
