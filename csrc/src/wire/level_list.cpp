// The inner loop of decoding: one level an iteration, compact text first, any legal whitespace second.
#include "arb/wire/level_list.hpp"

namespace arb::wire {
namespace {

// ["  number  ","  number  "]  with both numbers at full reach.
constexpr std::ptrdiff_t kCompactReach = 2 + FixedColumn::kReach + 3 + FixedColumn::kReach + 2;

bool read_number(Cursor& cursor, FixedColumn& column, std::int64_t& out) noexcept {
    if (!cursor.take('"')) return cursor.wrong_value();  // prices and sizes are strings everywhere
    const char* p = cursor.position();
    const Status status = column.read(p, cursor.end(), out);
    if (status != Status::ok) return cursor.fail(status);
    cursor.seek(p + 1);
    return true;
}

// Exactly two numbers: a third element would have a meaning we do not know.
bool read_spaced(Cursor& cursor, LevelColumns& columns, Level& out) noexcept {
    if (!cursor.take('[')) return cursor.wrong_value();
    if (!read_number(cursor, columns.price, out.price.value)) return false;
    if (!cursor.take(',')) return cursor.wrong_value();
    if (!read_number(cursor, columns.qty, out.qty.value)) return false;
    return cursor.take(']') || cursor.wrong_value();
}

// As the venues print it. False says nothing about the text: read_spaced decides.
bool read_compact(const char*& p, const char* end, LevelColumns& columns, Level& out) noexcept {
    if (end - p < kCompactReach || p[0] != '[' || p[1] != '"') return false;
    const char* q = p + 2;
    if (!columns.price.read_fast(q, out.price.value) || q[1] != ',' || q[2] != '"') return false;
    q += 3;
    if (!columns.qty.read_fast(q, out.qty.value) || q[1] != ']') return false;
    p = q + 2;
    return true;
}

}  // namespace

bool read_levels(Cursor& cursor, LevelColumns& columns, Level*& out, const Level* limit) noexcept {
    if (!cursor.take('[')) return cursor.wrong_value();
    if (cursor.take(']')) return true;
    const char* const end = cursor.end();
    for (;;) {
        if (out == limit) return cursor.fail(Status::too_many_levels);
        cursor.skip_space();
        const char* p = cursor.position();
        if (read_compact(p, end, columns, *out)) {
            cursor.seek(p);
        } else if (!read_spaced(cursor, columns, *out)) {
            return false;
        }
        if (out->price.value == 0) return cursor.fail(Status::bad_value);
        ++out;
        if (cursor.take(',')) continue;
        return cursor.expect(']');
    }
}

}  // namespace arb::wire
