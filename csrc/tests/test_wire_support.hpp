// Shared by the reader tests: frames in blocks of their exact size, and the variations every frame must bear.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arb/wire/status.hpp"

namespace arb::wire {

// A decoded frame that owns its levels, for comparison with ==.
struct Owned {
    Status status = Status::malformed;
    std::string field;
    InstrumentId instrument{};
    UpdateKind kind{};
    bool has_prev_id = false;
    std::int64_t first_id = 0, last_id = 0, prev_id = 0, sequence = 0;
    Nanos event_time = 0, engine_time = 0;
    std::vector<Level> bids, asks;

    bool operator==(const Owned&) const = default;
};

// Decodes a copy that ends where the frame ends: a byte read beyond it is a fault under the sanitizer.
template <class Read>
Owned decode_exact(std::string_view text, LevelBuffer& levels, Read&& read) {
    const auto block = std::make_unique<char[]>(text.size());
    if (!text.empty()) std::memcpy(block.get(), text.data(), text.size());
    const Decoded decoded = read(static_cast<const char*>(block.get()), block.get() + text.size(), levels);
    const Update& u = decoded.update;
    Owned owned{decoded.status,
                decoded.field == nullptr ? "" : decoded.field,
                decoded.instrument,
                u.kind,
                u.has_prev_id,
                u.first_id,
                u.last_id,
                u.prev_id,
                u.sequence,
                u.event_time,
                u.engine_time,
                {},
                {}};
    owned.bids.assign(u.bids.begin(), u.bids.end());
    owned.asks.assign(u.asks.begin(), u.asks.end());
    return owned;
}

inline Level level(std::int64_t price, std::int64_t qty) { return {Price{price}, Qty{qty}}; }

// `{` members `}` with the members in every order, or, from seven members on, in every rotation and its
// reverse.
inline std::vector<std::string> key_orders(std::vector<std::string> members) {
    const auto object = [&] {
        std::string text = "{";
        for (const std::string& member : members) text += (text.size() > 1 ? "," : "") + member;
        return text + "}";
    };
    std::vector<std::string> all;
    if (members.size() <= 6) {
        std::sort(members.begin(), members.end());
        do {
            all.push_back(object());
        } while (std::next_permutation(members.begin(), members.end()));
        return all;
    }
    for (std::size_t i = 0; i < members.size(); ++i) {
        std::rotate(members.begin(), members.begin() + 1, members.end());
        all.push_back(object());
        std::reverse(members.begin(), members.end());
        all.push_back(object());
        std::reverse(members.begin(), members.end());
    }
    return all;
}

// Offsets where JSON allows whitespace: before and after each structural character, outside of strings.
inline std::vector<std::size_t> gaps(std::string_view text) {
    std::vector<std::size_t> found;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') quoted = !quoted;
        if (quoted || std::string_view("{}[],:").find(text[i]) == std::string_view::npos) continue;
        found.push_back(i);
        found.push_back(i + 1);
    }
    return found;
}

inline std::string insert(std::string_view text, std::size_t at, std::string_view what) {
    return std::string(text.substr(0, at)) + std::string(what) + std::string(text.substr(at));
}

// Whitespace in all gaps at once.
inline std::string spaced(std::string_view text, std::string_view space) {
    std::string out(text);
    const std::vector<std::size_t> at = gaps(text);
    for (auto gap = at.rbegin(); gap != at.rend(); ++gap) out.insert(*gap, space);
    return out;
}

inline std::string replaced(std::string text, std::string_view what, std::string_view with) {
    const std::size_t at = text.find(what);
    if (at == std::string::npos) return "sample does not contain " + std::string(what);
    return text.replace(at, what.size(), with);
}

}  // namespace arb::wire
