// Every event that entered the engine, as it entered: a fresh engine fed with it does the same again.
//
// A record is (kind u8, length u32, body). A reader that meets a kind it does not know refuses: leaving
// an input out would replay something else.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <vector>

#include "arb/units.hpp"

namespace arb {

inline constexpr std::uint32_t kTapeVersion = 3;

enum class EventKind : std::uint8_t {
    head = 1,  // version, layout, config
    venue, asset, pair, instrument, connection,
    conn_up, conn_down, stream, frame, update, refused, snapshot,
    decide, drained,
    sent, not_sent, report, fill, reject, ambiguous, found, absent,
    balance, command, id_block, time,
    standby, switch_book,
    asset_price, position, rules, cash,
};
inline constexpr std::uint8_t kLastEventKind = static_cast<std::uint8_t>(EventKind::cash);

struct Bytes {
    const void* data;
    std::size_t size;
};

class Tape {
public:
    // Nothing is recorded until it is given room. `capacity` bytes lie between two drains; what does not
    // fit is dropped, counted, and the tape says it is torn.
    void start(std::size_t capacity) { buffer_.reserve(capacity); on_ = true; }
    bool on() const noexcept { return on_; }
    bool torn() const noexcept { return dropped_ != 0; }
    std::uint64_t dropped() const noexcept { return dropped_; }
    std::uint64_t events() const noexcept { return events_; }

    template <class T>
    void write(EventKind kind, const T& body, std::initializer_list<Bytes> tail = {}) noexcept {
        static_assert(std::is_trivially_copyable_v<T>);
        if (on_) append(kind, {&body, sizeof body}, tail);
    }

    std::span<const std::uint8_t> pending() const noexcept { return buffer_; }
    void drain() noexcept { buffer_.clear(); }

private:
    void append(EventKind kind, Bytes body, std::initializer_list<Bytes> tail) noexcept;

    std::vector<std::uint8_t> buffer_;
    bool on_ = false;
    std::uint64_t dropped_ = 0;
    std::uint64_t events_ = 0;
};

// Walks the records of a tape.
class TapeReader {
public:
    explicit TapeReader(std::span<const std::uint8_t> tape) noexcept : rest_(tape) {}

    struct Event {
        EventKind kind{};
        std::span<const std::uint8_t> body;
    };
    enum class Next : std::uint8_t { event, end, cut, unknown_kind };
    Next next(Event& out) noexcept;
    std::size_t left() const noexcept { return rest_.size(); }

private:
    std::span<const std::uint8_t> rest_;
};

}  // namespace arb
