// What leaves the core: fixed-size actions in a bounded ring. The shell drains it and carries them out.
#pragma once

#include <array>

#include "arb/hash.hpp"
#include "arb/record.hpp"

namespace arb {

enum class ActionKind : std::uint8_t {
    none,
    record,  // body: commit before the places that follow it are sent
    place,   // body.order, instrument, side, price, qty; not after `deadline`
    cancel,
    query,   // ask the venue for body.order, and for its fills
    resync,  // body.instrument needs a fresh snapshot
    halt,    // code = HaltReason; body.pair or everything
    note,    // code = NoteCode: for people, nothing depends on it
};

enum class NoteCode : std::uint8_t { none, balance_differs, foreign_report, episode, hedge_wanted };

struct Action {
    ActionKind kind = ActionKind::none;
    std::uint8_t code = 0;
    std::uint8_t scope = 0;  // of a halt: 0 everything, 1 venue, 2 pair
    std::uint8_t spare = 0;
    std::uint32_t spare_word = 0;
    Nanos deadline = 0;
    Nanos trigger = 0;  // receive time of the turn that led to it
    std::uint64_t spare_long = 0;
    Record body{};
};
static_assert(sizeof(Action) == 128 && std::has_unique_object_representations_v<Action>);

// Bounded; whoever opens a trade asks for `room` first, so a trade never loses its second leg here.
class ActionRing {
public:
    static constexpr std::size_t kCapacity = 1024;

    std::size_t size() const noexcept { return tail_ - head_; }
    std::size_t room() const noexcept { return kCapacity - size(); }

    bool push(const Action& action) noexcept {
        if (room() == 0) {
            ++dropped_;
            return false;
        }
        hash_ = hash_bytes(&action, sizeof action, hash_);
        slots_[tail_++ % kCapacity] = action;
        ++pushed_;
        return true;
    }

    bool pop(Action& out) noexcept {
        if (head_ == tail_) return false;
        out = slots_[head_++ % kCapacity];
        return true;
    }

    std::uint64_t hash() const noexcept { return hash_; }        // over every action ever pushed
    std::uint64_t pushed() const noexcept { return pushed_; }
    std::uint64_t dropped() const noexcept { return dropped_; }  // a full ring: the engine halts on it

private:
    std::array<Action, kCapacity> slots_{};
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
    std::uint64_t hash_ = kHashSeed;
    std::uint64_t pushed_ = 0;
    std::uint64_t dropped_ = 0;
};

}  // namespace arb
