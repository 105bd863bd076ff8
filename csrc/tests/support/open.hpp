// An engine with one trade whose two places are out, and what tests look for in its actions.
#pragma once

#include <algorithm>

#include <doctest/doctest.h>

#include "rig.hpp"

namespace arb::testing {

struct Open {  // a rig with a trade of 0.1 whose two places are out
    explicit Open(const Setup& setup = {}, std::size_t buy = kBinance) : rig(setup) {
        rig.start();
        rig.calm();
        const auto places = rig.opened(buy);
        REQUIRE(places.size() == 2);
        first = places[0];
        second = places[1];
    }
    const Trade& trade() const {
        return rig.engine->slot(order_key(first.body.order).seq % Engine::kTradeSlots);
    }

    Rig rig;
    Action first;
    Action second;
};

inline std::vector<Action> of_kind(const std::vector<Action>& actions, ActionKind kind) {
    std::vector<Action> out;
    std::copy_if(actions.begin(), actions.end(), std::back_inserter(out),
                 [kind](const Action& action) { return action.kind == kind; });
    return out;
}

inline HaltReason reason_of(const Action& halt) { return static_cast<HaltReason>(halt.code); }

}  // namespace arb::testing
