// Single values: ids, times, texts, quoted numbers.
#include "arb/wire/fields.hpp"

#include <limits>

namespace arb::wire {

Status to_id(const Token& token, std::int64_t& out) noexcept {
    if (token.integer != Token::kNoInteger) {
        out = token.integer;
        return Status::ok;
    }
    const bool quoted = token.is_string();
    const char* p = token.begin + (quoted ? 1 : 0);
    const char* const end = token.end - (quoted ? 1 : 0);
    if (p == end) return Status::bad_value;
    constexpr std::int64_t max = std::numeric_limits<std::int64_t>::max();
    std::int64_t value = 0;
    for (; p != end; ++p) {
        const int digit = *p - '0';
        if (digit < 0 || digit > 9) return Status::bad_value;
        if (value > (max - 9) / 10 && value > (max - digit) / 10) return Status::overflow;
        value = value * 10 + digit;
    }
    out = value;
    return Status::ok;
}

Status to_time(const Token& token, Nanos& out) noexcept {
    std::int64_t milliseconds = 0;
    const Status status = to_id(token, milliseconds);
    if (status != Status::ok) return status;
    // The year 2262. Microseconds, which Binance sends on request, are caught here too.
    if (milliseconds > std::numeric_limits<Nanos>::max() / kMillisecond) return Status::overflow;
    out = milliseconds * kMillisecond;
    return Status::ok;
}

Status to_text(const Token& token, std::string_view& out) noexcept {
    if (!token.is_string() || !token.plain) return Status::bad_value;
    out = token.text();
    return Status::ok;
}

Status to_number(const Token& token, const char* end, FixedColumn& column, std::int64_t& out) noexcept {
    if (!token.is_string()) return Status::bad_value;
    const char* p = token.begin + 1;
    return column.read(p, end, out);
}

Status SidesReader::read_touch(const Token& price, const Token& qty, const char* end, Side side, Grid grid,
                               bool& bad_price) noexcept {
    const auto at = static_cast<std::size_t>(side);
    LevelColumns& columns = *columns_[at];
    columns.use(grid);
    Level level;
    bad_price = true;
    if (const Status status = to_number(price, end, columns.price, level.price.value); status != Status::ok) {
        return status;
    }
    bad_price = false;
    if (const Status status = to_number(qty, end, columns.qty, level.qty.value); status != Status::ok) {
        return status;
    }
    if ((level.price.value == 0) != (level.qty.value == 0)) {
        bad_price = level.price.value == 0;
        return Status::bad_value;
    }
    done_[at] = true;
    if (level.price.value == 0) return Status::ok;
    *next_ = level;
    levels_[at] = {next_, 1};
    ++next_;
    return Status::ok;
}

bool SidesReader::has_empty_level(Side side) const noexcept {
    for (const Level& level : levels(side)) {
        if (level.qty.value == 0) return true;
    }
    return false;
}

}  // namespace arb::wire
