// Bybit: the topic names type and symbol of the message, `data` carries the book.
#include "arb/wire/bybit.hpp"

#include "arb/wire/fields.hpp"

namespace arb::wire {
namespace {

enum class Field : std::uint8_t { topic, type, ts, cts, data, s, b, a, u, seq, count, unknown = count };

constexpr std::array<const char*, index(Field::count)> kNames{"topic", "type", "ts", "cts", "data",
                                                              "s",     "b",    "a",  "u",   "seq"};

// Members of the frame itself, and of its data.
constexpr Field outer_field(std::string_view key) noexcept {
    for (std::size_t i = 0; i != index(Field::s); ++i) {
        if (key == kNames[i]) return static_cast<Field>(i);
    }
    return Field::unknown;
}

constexpr Field data_field(std::string_view key) noexcept {
    if (key == "seq") return Field::seq;
    if (key.size() != 1) return Field::unknown;
    switch (key.front()) {
        case 's': return Field::s;
        case 'b': return Field::b;
        case 'a': return Field::a;
        case 'u': return Field::u;
        default: return Field::unknown;
    }
}

// "orderbook.{1|50|200|1000}.{sym}"; 500 is in older recordings. orderbook.full and orderbook.rpi have rules
// of their own and are no book messages here.
struct BookTopic {
    bool valid = false;
    bool top_only = false;
    std::string_view symbol;

    static BookTopic parse(std::string_view topic) noexcept {
        constexpr std::string_view prefix = "orderbook.";
        if (!topic.starts_with(prefix)) return {};
        topic.remove_prefix(prefix.size());
        const std::size_t dot = topic.find('.');
        if (dot == std::string_view::npos) return {};
        const std::string_view depth = topic.substr(0, dot);
        for (const std::string_view known : {"1", "50", "200", "500", "1000"}) {
            if (depth == known) return {true, depth == "1", topic.substr(dot + 1)};
        }
        return {};
    }
};

class Message {
public:
    Message(LevelColumns& bids, LevelColumns& asks, const SymbolTable& symbols, LevelBuffer& levels) noexcept
        : sides_(bids, asks, levels), symbols_(symbols) {}

    const char* field() const noexcept { return field_; }

    bool outer_member(Cursor& cursor, std::string_view key) noexcept {
        const Field field = outer_field(key);
        if (field == Field::unknown) return cursor.skip();
        field_ = kNames[index(field)];
        if (!fields_.claim(cursor, field)) return false;
        if (field == Field::data && entry_ != nullptr && cursor.at('{')) {
            if (!read_data(cursor)) return false;
        } else {
            if (!fields_.keep(cursor, field)) return false;
            if (field == Field::topic) learn_topic();
        }
        field_ = nullptr;
        return true;
    }

    Decoded finish(const char* end) noexcept;

private:
    void learn_topic() noexcept {
        std::string_view text;
        if (to_text(fields_[Field::topic], text) != Status::ok) return;
        topic_ = BookTopic::parse(text);
        if (topic_.valid) entry_ = symbols_.find(topic_.symbol);
    }

    // Only called with a known instrument: levels are read where they stand.
    bool read_data(Cursor& cursor) noexcept {
        data_read_ = true;
        return cursor.members([&](std::string_view key) noexcept {
            const Field field = data_field(key);
            if (field == Field::unknown) return cursor.skip();
            field_ = kNames[index(field)];
            if (!fields_.claim(cursor, field)) return false;
            const bool good = field == Field::b   ? sides_.read(cursor, Side::buy, entry_->grid)
                              : field == Field::a ? sides_.read(cursor, Side::sell, entry_->grid)
                                                  : fields_.keep(cursor, field);
            if (good) field_ = nullptr;
            return good;
        });
    }

    Status book(Update& update) noexcept;
    Status kind(UpdateKind& out) noexcept;
    Status side(Field field, Side which, UpdateKind kind) noexcept;

    // Notes the field, so that a refusal can name it.
    bool missing(Field field) noexcept {
        field_ = kNames[index(field)];
        return !fields_.has(field);
    }
    Status text(Field field, std::string_view& out) noexcept {
        return missing(field) ? Status::missing_key : to_text(fields_[field], out);
    }
    Status id(Field field, std::int64_t& out) noexcept {
        return missing(field) ? Status::missing_key : to_id(fields_[field], out);
    }
    Status time(Field field, Nanos& out) noexcept {
        return missing(field) ? Status::missing_key : to_time(fields_[field], out);
    }

    Fields<Field> fields_;
    SidesReader sides_;
    const SymbolTable& symbols_;
    BookTopic topic_;
    const SymbolTable::Entry* entry_ = nullptr;
    const char* field_ = nullptr;
    bool data_read_ = false;
};

Decoded Message::finish(const char* end) noexcept {
    if (!fields_.has(Field::topic)) return refuse(Status::ignored);  // acks and pongs
    std::string_view topic;
    if (text(Field::topic, topic) != Status::ok) return refuse(Status::bad_value, "topic");
    if (!topic_.valid) return refuse(Status::ignored);
    if (entry_ == nullptr) return refuse(Status::unknown_symbol);
    if (missing(Field::data)) return refuse(Status::missing_key, "data");
    if (!data_read_) {
        // It came before its topic, or is no object.
        Cursor cursor(fields_[Field::data].begin, end);
        if (!cursor.at('{')) return refuse(Status::bad_value, "data");
        if (!read_data(cursor)) return refuse(cursor.status(), field_);
    }
    Decoded decoded{Status::ok, entry_->instrument, {}, nullptr};
    if (const Status status = book(decoded.update); status != Status::ok) return refuse(status, field_);
    decoded.update.bids = sides_.levels(Side::buy);
    decoded.update.asks = sides_.levels(Side::sell);
    return decoded;
}

Status Message::book(Update& update) noexcept {
    std::string_view symbol;
    Status status = text(Field::s, symbol);
    if (status == Status::ok && symbol != topic_.symbol) status = Status::bad_value;
    if (status == Status::ok) status = kind(update.kind);
    if (status == Status::ok) status = id(Field::u, update.last_id);
    if (status == Status::ok) status = id(Field::seq, update.sequence);
    if (status == Status::ok) status = time(Field::ts, update.event_time);
    // Not in messages of before mid-2023.
    if (status == Status::ok && fields_.has(Field::cts)) status = time(Field::cts, update.engine_time);
    if (status == Status::ok) status = side(Field::b, Side::buy, update.kind);
    if (status == Status::ok) status = side(Field::a, Side::sell, update.kind);
    return status;
}

// "Level 1 is snapshot-only": a delta there would need a rule nobody wrote down.
Status Message::kind(UpdateKind& out) noexcept {
    std::string_view type;
    if (const Status status = text(Field::type, type); status != Status::ok) return status;
    if (type == "snapshot") {
        out = topic_.top_only ? UpdateKind::ticker : UpdateKind::snapshot;
        return Status::ok;
    }
    out = UpdateKind::delta;
    return type == "delta" && !topic_.top_only ? Status::ok : Status::bad_value;
}

Status Message::side(Field field, Side which, UpdateKind kind) noexcept {
    if (missing(field)) return Status::missing_key;
    if (kind == UpdateKind::delta) return Status::ok;
    if (sides_.has_empty_level(which)) return Status::bad_value;
    return kind == UpdateKind::ticker && sides_.levels(which).size() > 1 ? Status::bad_value : Status::ok;
}

}  // namespace

Decoded BybitReader::read(const char* begin, const char* end, const SymbolTable& symbols,
                          LevelBuffer& levels) noexcept {
    Cursor cursor(begin, end);
    if (!cursor.at('{')) {
        return refuse(cursor.skip() && cursor.finish() ? Status::ignored : cursor.status());
    }
    Message message(bids_, asks_, symbols, levels);
    const bool good =
        cursor.members([&](std::string_view key) noexcept { return message.outer_member(cursor, key); });
    if (!good || !cursor.finish()) return refuse(cursor.status(), message.field());
    return message.finish(end);
}

}  // namespace arb::wire
