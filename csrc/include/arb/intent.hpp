// What a strategy proposes, and the form it has once the gate let it pass.
#pragma once

#include <array>

#include "arb/edge.hpp"
#include "arb/order.hpp"

namespace arb {

// An immediate-or-cancel limit order: nothing rests.
struct Intent {
    InstrumentId instrument{};
    Side side = Side::buy;
    Qty qty{};
    Price limit{};
};

inline constexpr std::size_t kEntryLegs = 2;

struct Proposal {
    PairId pair{};
    std::array<Intent, kEntryLegs> legs{};  // buy first, sell second
    Notional net{};                         // expected, after fees
    Notional worst{};                       // if both legs fill at their limits
};

enum class Profile : std::uint8_t { entry, hedge };

// An order the gate has not seen cannot be typed: only the gate makes one of these.
class Approved {
public:
    const Intent& intent() const noexcept { return intent_; }
    Profile profile() const noexcept { return profile_; }

private:
    friend class Gate;
    Approved(const Intent& intent, Profile profile) noexcept : intent_(intent), profile_(profile) {}
    Intent intent_;
    Profile profile_;
};

}  // namespace arb
