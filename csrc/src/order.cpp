#include "arb/order.hpp"

#include <cstring>

namespace arb {
namespace {

constexpr char kBase32[] = "abcdefghijklmnopqrstuvwxyz234567";

void write_base32(char* out, int digits, std::uint64_t value) noexcept {
    for (int i = digits - 1; i >= 0; --i, value >>= 5) out[i] = kBase32[value & 31];
}

bool read_base32(std::string_view text, std::uint64_t& out) noexcept {
    out = 0;
    for (const char c : text) {
        const char* found = c == '\0' ? nullptr : std::strchr(kBase32, c);
        if (found == nullptr) return false;
        out = out << 5 | static_cast<std::uint64_t>(found - kBase32);
    }
    return true;
}

}  // namespace

ClientOrderId client_order_id(OrderOwner owner, OrderId id) noexcept {
    const OrderKey key = order_key(id);
    ClientOrderId coid;
    coid.text[0] = 'a';
    std::memcpy(coid.text + 1, owner.instance, 2);
    write_base32(coid.text + 3, 4, owner.epoch);
    write_base32(coid.text + 7, 7, key.seq);
    write_base32(coid.text + 14, 1, key.leg);
    write_base32(coid.text + 15, 1, key.attempt);
    return coid;
}

CoidStatus parse_client_order_id(OrderOwner owner, std::string_view text, OrderId& out) noexcept {
    std::uint64_t epoch, seq, leg, attempt;
    if (text.size() != sizeof ClientOrderId::text || text[0] != 'a' ||
        std::memcmp(text.data() + 1, owner.instance, 2) != 0 || !read_base32(text.substr(3, 4), epoch) ||
        !read_base32(text.substr(7, 7), seq) || !read_base32(text.substr(14, 1), leg) ||
        !read_base32(text.substr(15, 1), attempt)) {
        return CoidStatus::foreign;
    }
    if (epoch != owner.epoch) return CoidStatus::other_epoch;
    out = order_id({seq, static_cast<std::uint8_t>(leg), static_cast<std::uint8_t>(attempt)});
    return CoidStatus::ours;
}

void merge_report(Order& order, OrderStatus status, Qty cum) noexcept {
    if (cum > order.cum) order.cum = cum;
    if (status > order.status) order.status = status;
}

}  // namespace arb
