// Eight bytes of text in one register: are they digits, where do the digits stop, what number are they?
//
// The first byte of the text is the lowest byte of the word. The tricks are widely known (bit-twiddling
// collections; W. Mula, "SIMD-ized parsing of integer sequences"); each names the plain loop it replaces.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace arb::wire {

static_assert(std::endian::native == std::endian::little, "the first digit must be in the lowest byte");

inline constexpr std::uint64_t kEightZeros = 0x3030303030303030;  // "00000000"

inline std::uint64_t load_eight(const char* p) noexcept {
    std::uint64_t word;
    std::memcpy(&word, p, sizeof word);
    return word;
}

// 0 where all bytes are '0'..'9': the high nibble is 3, and stays 3 when 6 is added. Otherwise the lowest
// byte that is not 0 belongs to the first byte that is no digit (a carry reaches only the bytes above it).
constexpr std::uint64_t not_digits(std::uint64_t word) noexcept {
    constexpr std::uint64_t high = 0xF0F0F0F0F0F0F0F0;
    return ((word & high) ^ kEightZeros) | (((word + 0x0606060606060606) & high) ^ kEightZeros);
}

// Digits at the start: for (n = 0; n < 8 && is_digit(text[n]); ++n).
constexpr int leading_digits(std::uint64_t word) noexcept { return std::countr_zero(not_digits(word)) / 8; }

// The number written by eight digits: for (c : text) v = v * 10 + c - '0'. Neighbours are joined to pairs,
// pairs to fours, fours to the whole, by multiplication.
constexpr std::uint64_t eight_digits(std::uint64_t word) noexcept {
    constexpr std::uint64_t mask = 0x000000FF000000FF;
    word -= kEightZeros;
    word = word * 10 + (word >> 8);
    return (((word & mask) * (100 + (std::uint64_t{1'000'000} << 32)) +
             ((word >> 16) & mask) * (1 + (std::uint64_t{10'000} << 32))) >>
            32) &
           0xFFFFFFFF;
}

// The first `count` bytes of a word.
constexpr std::uint64_t first_bytes(int count) noexcept {
    return count >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * count) - 1;
}

}  // namespace arb::wire
