// Opportunities counted as episodes: a dislocation of 200 ms is one, however many frames it lasted.
//
// Only for the eye: nothing in the engine reads it, and it is in neither tape nor state hash.
#pragma once

#include <array>
#include <cstdint>

#include "arb/risk.hpp"

namespace arb {

// How far an episode came. Each stage is counted once per episode.
enum class Stage : std::uint8_t { seen, over_threshold, risk_ok, sent, both_filled, profitable };
inline constexpr std::size_t kStages = 6;

struct Opportunities {
    std::array<std::uint64_t, kStages> stages{};
    std::array<std::uint64_t, kRefusals> refusals{};  // the first refusal of each episode
    std::array<std::uint64_t, kRefusals> denials{};   // every refused decision
};

// One direction of one pair. Begins with the first decision that pays; ends when the touch no longer
// crosses or a book is not LIVE; an interruption of up to 50 ms does not end it.
class Episode {
public:
    static constexpr Nanos kJoin = 50 * kMillisecond;

    void seen(Nanos now, Opportunities& counts) noexcept {
        if (open_ && (ended_ == 0 || now - ended_ <= kJoin)) {
            ended_ = 0;
            return;
        }
        open_ = true;
        refused_ = false;
        ended_ = 0;
        reached_ = 0;
        ++counts.stages[0];
    }
    void reach(Stage stage, Opportunities& counts) noexcept {
        while (reached_ < static_cast<std::uint8_t>(stage)) ++counts.stages[++reached_];
    }
    void refuse(Refusal why, Opportunities& counts) noexcept {
        ++counts.denials[static_cast<std::size_t>(why)];
        if (!refused_) ++counts.refusals[static_cast<std::size_t>(why)];
        refused_ = true;
    }
    void end(Nanos now) noexcept {
        if (open_ && ended_ == 0) ended_ = now;
    }

private:
    Nanos ended_ = 0;
    std::uint8_t reached_ = 0;
    bool open_ = false;
    bool refused_ = false;
};

}  // namespace arb
