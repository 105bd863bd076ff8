// A 64-bit hash of plain bytes, equal on every little-endian machine. For comparing runs and for keys
// that need no defence against an adversary.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace arb {

static_assert(std::endian::native == std::endian::little);
inline constexpr std::uint64_t kHashSeed = 0x6172625f73656564;

constexpr std::uint64_t hash_word(std::uint64_t word, std::uint64_t seed) noexcept {
    std::uint64_t h = (seed ^ word) * 0x9e3779b97f4a7c15;  // odd, so a bijection for a fixed seed
    h ^= h >> 29;
    return h * 0xbf58476d1ce4e5b9;
}

inline std::uint64_t hash_bytes(const void* data, std::size_t size, std::uint64_t seed = kHashSeed) noexcept {
    const auto* bytes = static_cast<const unsigned char*>(data);
    std::uint64_t h = hash_word(size, seed);
    for (; size >= 8; bytes += 8, size -= 8) {
        std::uint64_t word;
        std::memcpy(&word, bytes, 8);
        h = hash_word(word, h);
    }
    if (size != 0) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes, size);
        h = hash_word(word, h);
    }
    return h;
}

inline std::uint64_t hash_text(std::string_view text) noexcept { return hash_bytes(text.data(), text.size()); }

}  // namespace arb
