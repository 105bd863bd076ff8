// A book that is usable only while it is proven equal to the venue's: SYNCING, LIVE or STALE.
//
// It holds the updates back until a snapshot is joined, applies the venue's continuity rule to each, and
// turns STALE, asking once for a new snapshot, as soon as one of them does not fit. It never waits and never
// reads a clock.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arb/continuity.hpp"
#include "arb/order_book.hpp"
#include "arb/update_buffer.hpp"

namespace arb {

enum class BookState : std::uint8_t {
    syncing,  // on the way for the first time, or a snapshot is in and its first bridging update is awaited
    live,     // equal to the venue's book at last_id()
    stale,    // was broken, see stale_reason(); the contents are what was last known, not to be traded on
};

enum class StaleReason : std::uint8_t {
    none,
    gap,           // an update did not continue the chain
    crossed,       // best bid >= best ask after an update
    refused,       // a frame could not be read: what it carried is missing
    disconnected,  // nothing is known until the next connection has synced
    overflow,      // more levels or waiting updates than there is room for
    no_snapshot,   // Bybit: a delta came before any snapshot
};

enum class ApplyResult : std::uint8_t {
    applied,   // in the book
    ignored,   // old, repeated, or not a depth update; the book is unchanged
    buffered,  // waits for a snapshot
    stale,     // this update made the book unusable, or found it so
};

enum class JoinResult : std::uint8_t {
    joined,   // in the book; LIVE at once when the bridging update had been waiting, else with it
    too_old,  // ends before the waiting updates begin: another one is needed, and has been requested
    gap,      // joined, but what follows does not fit: STALE, a new one has been requested
    ignored,  // not wanted: LIVE and sound, not connected, or not later than the one waiting for its bridge
};

const char* name(BookState state) noexcept;
const char* name(StaleReason reason) noexcept;
const char* name(ApplyResult result) noexcept;
const char* name(JoinResult result) noexcept;

// Sees exactly what was applied, so that whoever records it can rebuild the same book.
class BookSink {
public:
    virtual ~BookSink() = default;
    virtual void on_reset() {}                                // the book is empty; a snapshot's levels follow
    virtual void on_level(Side /*side*/, Level /*level*/) {}  // set, quantity 0 deletes
    virtual void on_end(const Update& /*update*/, Nanos /*recv_ns*/) {}  // all its levels were reported
    virtual void on_state(BookState /*state*/, StaleReason /*reason*/) {}
};

class SyncedBook {
public:
    explicit SyncedBook(Market market);

    // A delta, or Bybit's snapshot in the stream. Never allocates.
    ApplyResult on_update(const Update& update, Nanos recv_ns) noexcept;

    // A REST snapshot (Binance). `limit` is the number of levels a side that was asked for: a side that came
    // with fewer is whole, any other is verified only down to its last level.
    JoinResult on_snapshot(const Update& snapshot, Nanos recv_ns,
                           std::size_t limit = OrderBook::kLimitUnknown) noexcept;

    void on_connected(Nanos now_ns) noexcept;
    void on_disconnected(Nanos now_ns) noexcept;
    void on_refused(Nanos now_ns) noexcept;  // a frame of this symbol could not be read

    // True once per needed snapshot: a REST request (Binance) or a new subscription (Bybit). While LIVE it
    // means that the touch has used half of the verified depth. The caller paces the requests.
    bool take_resync_request() noexcept;

    BookState state() const noexcept { return state_of(phase_, reason_); }
    bool live() const noexcept { return phase_ == Phase::live; }
    StaleReason stale_reason() const noexcept { return reason_; }
    Market market() const noexcept { return market_; }
    Touch touch() const noexcept { return book_.touch(); }
    const OrderBook& book() const noexcept { return book_; }

    // Of the newest data in the book. An ignored update does not make a book younger.
    Nanos last_recv_ns() const noexcept { return last_recv_ns_; }
    std::int64_t last_id() const noexcept { return chain_.last_id; }
    std::int64_t sequence() const noexcept { return chain_.sequence; }

    std::uint64_t applied() const noexcept { return applied_; }    // deltas since the first join, waiting too
    std::uint64_t ignored() const noexcept { return ignored_; }    // old or repeated ones, waiting too
    std::uint64_t buffered() const noexcept { return buffered_; }  // those that had to wait, ever
    std::uint64_t gaps() const noexcept { return gaps_; }          // holes met, also among waiting updates
    std::uint64_t joins() const noexcept { return joins_; }        // snapshots put in, by REST or stream
    std::uint64_t stales() const noexcept { return stales_; }      // times it became STALE

    void set_sink(BookSink* sink) noexcept { sink_ = sink; }

private:
    // What is awaited. With the reason it gives the state; synced_book.cpp has the table.
    enum class Phase : std::uint8_t { down, waiting, buffering, bridging, live };
    static BookState state_of(Phase phase, StaleReason reason) noexcept;

    void enter(Phase phase, StaleReason reason) noexcept;
    ApplyResult go_stale(StaleReason reason) noexcept;
    ApplyResult continue_chain(const Update& update, Nanos recv_ns) noexcept;
    ApplyResult buffer(const Update& update, Nanos recv_ns) noexcept;
    ApplyResult restart(const Update& snapshot, Nanos recv_ns) noexcept;
    StaleReason apply(const Update& update, Nanos recv_ns) noexcept;
    StaleReason replace(const Update& snapshot, Nanos recv_ns, std::size_t limit) noexcept;
    JoinResult join(const Update& snapshot, Nanos recv_ns, std::size_t limit) noexcept;
    void report(const Update& update, Nanos recv_ns) noexcept;

    Market market_;
    Phase phase_;
    StaleReason reason_ = StaleReason::none;
    bool request_ = false;
    bool renewing_ = false;  // LIVE, and a snapshot was requested for its depth
    Chain chain_;
    Nanos last_recv_ns_ = 0;
    OrderBook book_;
    UpdateBuffer buffer_;
    BookSink* sink_ = nullptr;
    std::uint64_t applied_ = 0;
    std::uint64_t ignored_ = 0;
    std::uint64_t buffered_ = 0;
    std::uint64_t gaps_ = 0;
    std::uint64_t joins_ = 0;
    std::uint64_t stales_ = 0;
};

}  // namespace arb
