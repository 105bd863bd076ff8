// One order's life: a join of everything heard about it, in whatever order it was heard.
//
// Reports repeat, overtake one another and regress (REST answer after the private stream, NEW after
// FILLED). So an order keeps the maximum of each fact, and a terminal order stays terminal.
#pragma once

#include <string_view>
#include <type_traits>

#include "arb/units.hpp"

namespace arb {

// seq << 10 | leg << 5 | attempt. `seq` numbers trades within an epoch, `leg` and `attempt` the order
// within its trade; an id is never reused, so a venue's idea of uniqueness does not matter.
enum class OrderId : std::uint64_t {};

struct OrderKey {
    std::uint64_t seq = 0;  // < 2^35
    std::uint8_t leg = 0;
    std::uint8_t attempt = 0;
    constexpr bool operator==(const OrderKey&) const = default;
};
inline constexpr std::uint64_t kMaxTradeSeq = (std::uint64_t{1} << 35) - 1;

constexpr OrderId order_id(OrderKey key) noexcept {
    return OrderId{key.seq << 10 | static_cast<std::uint64_t>(key.leg) << 5 | key.attempt};
}

constexpr OrderKey order_key(OrderId id) noexcept {
    const auto value = static_cast<std::uint64_t>(id);
    return {value >> 10, static_cast<std::uint8_t>(value >> 5 & 31), static_cast<std::uint8_t>(value & 31)};
}

// "a" instance(2) epoch(4) seq(7) leg(1) attempt(1): 16 characters of [a-z2-7], legal as a client
// order id on every venue we know (Binance and Bybit 36, OKX 32 alphanumerics).
struct ClientOrderId {
    char text[16];
    constexpr std::string_view view() const noexcept { return {text, sizeof text}; }
};

struct OrderOwner {  // whose orders: the instance letters of the configuration and this start's epoch
    char instance[2] = {'a', 'a'};
    std::uint16_t epoch = 0;
};

ClientOrderId client_order_id(OrderOwner owner, OrderId id) noexcept;

enum class CoidStatus : std::uint8_t { ours, other_epoch, foreign };
CoidStatus parse_client_order_id(OrderOwner owner, std::string_view text, OrderId& out) noexcept;

// What a venue says of an order, in the order in which words outrank one another. Terminal from
// `rejected` on; `filled` is last, so that the cancel which lost its race to the last fill cannot hide it.
enum class OrderStatus : std::uint8_t { none, ack, open, partial, rejected, expired, canceled, filled };

constexpr bool is_terminal(OrderStatus status) noexcept { return status >= OrderStatus::rejected; }

// How sure we are. An order leaves `sent` and `unknown` only by proof (docs/decisions: UNKNOWN).
enum class OrderState : std::uint8_t {
    none,
    intent,    // recorded, no byte has left
    sent,      // bytes may have left
    unknown,   // sent and past its time, or answered ambiguously: never resent, asked for
    resolved,  // final quantity known
};

// Plain bytes without padding, so that a trade can be hashed, compared and stored as it is.
struct Order {
    OrderId id{};
    Price limit{};
    Qty qty{};
    Qty cum{};    // largest cumulative quantity reported
    Qty fills{};  // sum of distinct fills
    InstrumentId instrument{};
    Side side = Side::buy;
    OrderState state = OrderState::none;
    OrderStatus status = OrderStatus::none;
    VenueId venue{};
    std::uint8_t hedge = 0;   // 1: sent to close an imbalance
    std::uint8_t handed = 0;  // 1: bytes were handed to the transport
    Ppm base_fee_rate{};  // expected on a buy that pays in base; used only for fills not yet heard of
    std::uint32_t fill_count = 0;
    std::uint8_t fenced = 0;  // 1: the fence ended it, 2: and it was seen afterwards
    std::uint8_t spare[7] = {};
    Amount notional{};   // of the fills, quote asset
    Amount base_fee{};   // of the fills, taken from the base asset
    Amount quote_fee{};  // of the fills, taken from the quote asset
    Amount reserved{};   // what the intent reserved: quote for a buy, base for a sell
    Amount held{};       // of it, still reserved: each fill takes its share, what executed holds it until then

    // Never the sum of both: the venue's running total and the fills tell of the same executions.
    constexpr Qty filled() const noexcept { return cum > fills ? cum : fills; }
    constexpr bool resolved() const noexcept { return state == OrderState::resolved; }
    constexpr bool unresolved() const noexcept { return state != OrderState::none && !resolved(); }
    constexpr bool fills_missing() const noexcept { return fills < cum; }
    // What may still execute, or executed without its fills being known.
    constexpr Qty outstanding() const noexcept { return (resolved() ? filled() : qty) - fills; }
};
static_assert(std::is_trivially_copyable_v<Order> && std::has_unique_object_representations_v<Order>);

// The merge: facts only grow, so reports commute, repeat and reorder freely.
void merge_report(Order& order, OrderStatus status, Qty cum) noexcept;

}  // namespace arb
