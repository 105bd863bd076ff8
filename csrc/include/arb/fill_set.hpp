// Which executions were counted already: trade ids of the last few thousand fills, in bounded memory.
//
// The same fill arrives by REST answer, private stream and query. Two generations: when the young one is
// full, the old one is forgotten; a fill is remembered for at least kCapacity later ones.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

namespace arb {

class FillSet {
public:
    static constexpr std::size_t kSlots = 1 << 15;
    static constexpr std::size_t kCapacity = kSlots / 2;  // half full at most: short probes

    FillSet() : young_(std::make_unique<Generation>()), old_(std::make_unique<Generation>()) {}

    // False if it was there. `key` 0 is taken for 1.
    bool insert(std::uint64_t key) noexcept {
        if (key == 0) key = 1;
        if (contains(*young_, key) || contains(*old_, key)) return false;
        if (young_->size == kCapacity) {
            young_.swap(old_);
            *young_ = {};
        }
        std::size_t at = key % kSlots;
        while (young_->keys[at] != 0) at = (at + 1) % kSlots;
        young_->keys[at] = key;
        ++young_->size;
        return true;
    }

private:
    struct Generation {
        std::array<std::uint64_t, kSlots> keys{};
        std::size_t size = 0;
    };
    static bool contains(const Generation& generation, std::uint64_t key) noexcept {
        for (std::size_t at = key % kSlots; generation.keys[at] != 0; at = (at + 1) % kSlots) {
            if (generation.keys[at] == key) return true;
        }
        return false;
    }

    std::unique_ptr<Generation> young_;
    std::unique_ptr<Generation> old_;
};

}  // namespace arb
