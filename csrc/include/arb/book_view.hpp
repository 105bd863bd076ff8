// How the decision reads a book: the touch by value, and a level cursor used only inside `decide`.
//
// Strategies and the engine see books through this and nothing else, so the live ladder and a
// simulator's tick book are interchangeable. Decisions are rare: one indirect call a level is nothing.
#pragma once

#include "arb/book_slot.hpp"

namespace arb {

class AnyCursor {
public:
    // Reads the level at `state` and moves `state` on; false at the end of the verified depth.
    using Read = bool (*)(const void* source, std::int64_t& state, Level& out) noexcept;

    AnyCursor() noexcept = default;
    AnyCursor(const void* source, Read read) noexcept : source_(source), read_(read) { next(); }

    bool done() const noexcept { return done_; }
    const Level& operator*() const noexcept { return level_; }
    void next() noexcept { done_ = read_ == nullptr || !read_(source_, state_, level_); }

private:
    const void* source_ = nullptr;
    Read read_ = nullptr;
    std::int64_t state_ = 0;
    Level level_{};
    bool done_ = true;
};

struct BookView {
    BookState state = BookState::syncing;
    Touch touch{};
    AnyCursor bids{};
    AnyCursor asks{};
};

// The depth book with the freshest best price over it.
BookView view(const BookSlot& slot) noexcept;

}  // namespace arb
