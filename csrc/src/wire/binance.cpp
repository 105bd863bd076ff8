// Binance: one walk collects the members of a message, finish() gives them their meaning.
#include "arb/wire/binance.hpp"

#include "arb/wire/fields.hpp"

namespace arb::wire {
namespace {

enum class Field : std::uint8_t { e, E, T, s, U, u, pu, b, B, a, A, count, unknown = count };

constexpr std::array<const char*, index(Field::count)> kNames{"e",  "E", "T", "s", "U", "u",
                                                              "pu", "b", "B", "a", "A"};

constexpr Field field_of(std::string_view key) noexcept {
    if (key == "pu") return Field::pu;
    if (key.size() != 1) return Field::unknown;
    switch (key.front()) {
        case 'e': return Field::e;
        case 'E': return Field::E;
        case 'T': return Field::T;
        case 's': return Field::s;
        case 'U': return Field::U;
        case 'u': return Field::u;
        case 'b': return Field::b;
        case 'B': return Field::B;
        case 'a': return Field::a;
        case 'A': return Field::A;
        default: return Field::unknown;
    }
}

// "<s>@depth5|10|20[@100ms]: b/a are the full top N: never apply them as a diff" (in USD-M they even carry
// e = depthUpdate), and "<s>@rpiDepth@500ms: includes RPI orders (others exclude)".
bool shows_another_book(std::string_view stream) noexcept {
    const std::size_t at = stream.find('@');
    if (at == std::string_view::npos) return false;
    std::string_view kind = stream.substr(at + 1);
    if (kind.starts_with("rpiDepth")) return true;
    if (!kind.starts_with("depth")) return false;
    kind.remove_prefix(5);
    return !kind.empty() && kind.front() != '@';
}

class Message {
public:
    Message(LevelColumns& bids, LevelColumns& asks, const SymbolTable& symbols, LevelBuffer& levels) noexcept
        : sides_(bids, asks, levels), symbols_(symbols) {}

    bool empty() const noexcept { return fields_.empty(); }
    const char* field() const noexcept { return field_; }

    // From here on a member we know would be outside of the message.
    void close() noexcept { closed_ = true; }

    bool member(Cursor& cursor, std::string_view key) noexcept {
        const Field field = field_of(key);
        if (field == Field::unknown) return cursor.skip();
        field_ = kNames[index(field)];
        if (closed_) return cursor.fail(Status::bad_value);
        if (!fields_.claim(cursor, field)) return false;
        if ((field == Field::b || field == Field::a) && kind_ == Kind::depth && entry_ != nullptr) {
            if (!sides_.read(cursor, side_of(field), entry_->grid)) return false;
        } else {
            if (!fields_.keep(cursor, field)) return false;
            if (field == Field::e) learn_kind();
            if (field == Field::s) learn_symbol();
        }
        field_ = nullptr;
        return true;
    }

    Decoded finish(const char* end) noexcept;

private:
    enum class Kind : std::uint8_t { none, depth, ticker, other };

    static Side side_of(Field field) noexcept { return field == Field::b ? Side::buy : Side::sell; }

    void learn_kind() noexcept {
        std::string_view text;
        if (to_text(fields_[Field::e], text) != Status::ok) return;
        kind_ = text == "depthUpdate" ? Kind::depth : text == "bookTicker" ? Kind::ticker : Kind::other;
    }
    void learn_symbol() noexcept {
        std::string_view text;
        if (to_text(fields_[Field::s], text) == Status::ok) entry_ = symbols_.find(text);
    }

    Status depth(const char* end, Update& update) noexcept;
    Status ticker(const char* end, Update& update) noexcept;
    Status list(Field field, const char* end) noexcept;
    Status touch(Field price, Field qty, const char* end) noexcept;

    // Notes the field, so that a refusal can name it.
    bool missing(Field field) noexcept {
        field_ = kNames[index(field)];
        return !fields_.has(field);
    }
    Status id(Field field, std::int64_t& out) noexcept {
        return missing(field) ? Status::missing_key : to_id(fields_[field], out);
    }
    Status time(Field field, Nanos& out) noexcept {
        return missing(field) ? Status::missing_key : to_time(fields_[field], out);
    }
    Status optional_time(Field field, Nanos& out) noexcept {
        return fields_.has(field) ? time(field, out) : Status::ok;
    }

    Fields<Field> fields_;
    SidesReader sides_;
    const SymbolTable& symbols_;
    const SymbolTable::Entry* entry_ = nullptr;
    const char* field_ = nullptr;
    Kind kind_ = Kind::none;
    bool closed_ = false;
};

Decoded Message::finish(const char* end) noexcept {
    if (kind_ == Kind::none) {
        if (fields_.has(Field::e)) return refuse(Status::bad_value, "e");
        // "bookTicker (spot): no e, no event time". Acks, errors and REST bodies have neither u nor s.
        if (!fields_.has(Field::u) || !fields_.has(Field::s)) return refuse(Status::ignored);
        kind_ = Kind::ticker;
    }
    if (kind_ == Kind::other) return refuse(Status::ignored);
    if (missing(Field::s)) return refuse(Status::missing_key, "s");
    if (entry_ == nullptr) {
        std::string_view text;
        const Status status = to_text(fields_[Field::s], text);
        return status == Status::ok ? refuse(Status::unknown_symbol) : refuse(status, "s");
    }
    Decoded decoded{Status::ok, entry_->instrument, {}, nullptr};
    const Status status = kind_ == Kind::depth ? depth(end, decoded.update) : ticker(end, decoded.update);
    if (status != Status::ok) return refuse(status, field_);
    decoded.update.bids = sides_.levels(Side::buy);
    decoded.update.asks = sides_.levels(Side::sell);
    return decoded;
}

Status Message::depth(const char* end, Update& update) noexcept {
    update.kind = UpdateKind::delta;
    update.has_prev_id = fields_.has(Field::pu);
    Status status = id(Field::U, update.first_id);
    if (status == Status::ok) status = id(Field::u, update.last_id);
    if (status == Status::ok && update.first_id > update.last_id) status = Status::bad_value;
    if (status == Status::ok && update.has_prev_id) status = id(Field::pu, update.prev_id);
    if (status == Status::ok) status = time(Field::E, update.event_time);
    if (status == Status::ok) status = optional_time(Field::T, update.engine_time);
    if (status == Status::ok) status = list(Field::b, end);
    if (status == Status::ok) status = list(Field::a, end);
    return status;
}

Status Message::ticker(const char* end, Update& update) noexcept {
    update.kind = UpdateKind::ticker;
    Status status = id(Field::u, update.last_id);
    if (status == Status::ok) status = optional_time(Field::E, update.event_time);
    if (status == Status::ok) status = optional_time(Field::T, update.engine_time);
    if (status == Status::ok) status = touch(Field::b, Field::B, end);
    if (status == Status::ok) status = touch(Field::a, Field::A, end);
    return status;
}

// A list that came before its symbol or type is read now, from its span.
Status Message::list(Field field, const char* end) noexcept {
    if (missing(field)) return Status::missing_key;
    if (sides_.done(side_of(field))) return Status::ok;
    Cursor cursor(fields_[field].begin, end);
    sides_.read(cursor, side_of(field), entry_->grid);
    return cursor.status();
}

Status Message::touch(Field price, Field qty, const char* end) noexcept {
    if (missing(qty) || missing(price)) return Status::missing_key;
    bool bad_price = false;
    const Status status =
        sides_.read_touch(fields_[price], fields_[qty], end, side_of(price), entry_->grid, bad_price);
    if (!bad_price) field_ = kNames[index(qty)];
    return status;
}

// The wrapper of combined streams. `data` may come before `stream`; then it waits as a span.
struct Envelope {
    Token data{};
    bool has_stream = false;
    bool has_data = false;
    bool skipped = false;  // a stream that shows another book

    bool stream(Cursor& cursor) noexcept {
        if (has_stream) return cursor.fail(Status::duplicate_key);
        has_stream = true;
        Token token;
        std::string_view text;
        if (!cursor.value(token)) return false;
        if (const Status status = to_text(token, text); status != Status::ok) return cursor.fail(status);
        skipped = shows_another_book(text);
        return true;
    }
    bool combined() const noexcept { return has_stream && has_data; }
};

// A message inside an envelope. Members of a message beside it would make two messages of one frame.
bool read_inside(Cursor& cursor, Message& message) noexcept {
    if (!message.empty()) return cursor.fail(Status::bad_value);
    const bool good =
        cursor.members([&](std::string_view key) noexcept { return message.member(cursor, key); });
    message.close();
    return good;
}

}  // namespace

Decoded BinanceReader::read(const char* begin, const char* end, const SymbolTable& symbols,
                            LevelBuffer& levels) noexcept {
    Cursor cursor(begin, end);
    if (!cursor.at('{')) {
        // Arrays (all mark prices, all tickers) are legal and carry no book.
        return refuse(cursor.skip() && cursor.finish() ? Status::ignored : cursor.status());
    }
    Message message(bids_, asks_, symbols, levels);
    Envelope envelope;
    const char* where = nullptr;
    const bool good = cursor.members([&](std::string_view key) noexcept {
        if (key == "stream") {
            where = "stream";
            if (!envelope.stream(cursor)) return false;
        } else if (key == "data") {
            where = "data";
            if (envelope.has_data) return cursor.fail(Status::duplicate_key);
            envelope.has_data = true;
            if (envelope.has_stream && !envelope.skipped && cursor.at('{')) {
                if (!read_inside(cursor, message)) return false;
                envelope.data.begin = nullptr;  // read, nothing waits
            } else if (!cursor.value(envelope.data)) {
                return false;
            }
        } else {
            return message.member(cursor, key);
        }
        where = nullptr;
        return true;
    });
    const auto refusal = [&](const Cursor& at) noexcept {
        return refuse(at.status(), message.field() != nullptr ? message.field() : where);
    };
    if (!good || !cursor.finish()) return refusal(cursor);

    if (envelope.combined()) {
        if (envelope.skipped) return refuse(Status::ignored);
        if (const char* const waiting = envelope.data.begin; waiting != nullptr) {
            if (*waiting != '{') return refuse(Status::ignored);
            Cursor inner(waiting, end);
            where = "data";
            if (!read_inside(inner, message)) return refusal(inner);
        }
    }
    return message.finish(end);
}

Decoded BinanceReader::read_snapshot(const char* begin, const char* end, Grid grid,
                                     LevelBuffer& levels) noexcept {
    enum class Key : std::uint8_t { lastUpdateId, E, T, bids, asks, count };
    static constexpr std::array<const char*, index(Key::count)> names{"lastUpdateId", "E", "T", "bids",
                                                                      "asks"};
    Cursor cursor(begin, end);
    if (!cursor.at('{')) {
        return refuse(cursor.skip() && cursor.finish() ? Status::ignored : cursor.status());
    }
    Fields<Key> fields;
    SidesReader sides(bids_, asks_, levels);
    const char* field = nullptr;
    const bool good = cursor.members([&](std::string_view key) noexcept {
        std::size_t i = 0;
        while (i != names.size() && key != names[i]) ++i;
        if (i == names.size()) return cursor.skip();
        const auto at = static_cast<Key>(i);
        field = names[i];
        if (!fields.claim(cursor, at)) return false;
        const bool read = at == Key::bids   ? sides.read(cursor, Side::buy, grid)
                          : at == Key::asks ? sides.read(cursor, Side::sell, grid)
                                            : fields.keep(cursor, at);
        if (read) field = nullptr;
        return read;
    });
    if (!good || !cursor.finish()) return refuse(cursor.status(), field);
    // An error body, or the answer to another request.
    if (!fields.has(Key::lastUpdateId)) return refuse(Status::ignored);
    if (!fields.has(Key::bids)) return refuse(Status::missing_key, "bids");
    if (!fields.has(Key::asks)) return refuse(Status::missing_key, "asks");

    Decoded decoded{Status::ok, {}, {}, nullptr};
    Update& update = decoded.update;
    update.kind = UpdateKind::snapshot;
    Status status = to_id(fields[Key::lastUpdateId], update.last_id);
    if (status != Status::ok) return refuse(status, "lastUpdateId");
    if (fields.has(Key::E)) status = to_time(fields[Key::E], update.event_time);
    if (status != Status::ok) return refuse(status, "E");
    if (fields.has(Key::T)) status = to_time(fields[Key::T], update.engine_time);
    if (status != Status::ok) return refuse(status, "T");
    if (sides.has_empty_level(Side::buy)) return refuse(Status::bad_value, "bids");
    if (sides.has_empty_level(Side::sell)) return refuse(Status::bad_value, "asks");
    update.bids = sides.levels(Side::buy);
    update.asks = sides.levels(Side::sell);
    return decoded;
}

}  // namespace arb::wire
