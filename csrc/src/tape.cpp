#include "arb/tape.hpp"

namespace arb {
namespace {

constexpr std::size_t kHeadSize = 1 + sizeof(std::uint32_t);

}  // namespace

void Tape::append(EventKind kind, Bytes body, std::initializer_list<Bytes> tail) noexcept {
    std::size_t length = body.size;
    for (const Bytes& part : tail) length += part.size;
    if (buffer_.capacity() - buffer_.size() < kHeadSize + length) {
        ++dropped_;
        return;
    }
    const auto put = [this](const void* data, std::size_t size) {
        const auto* bytes = static_cast<const std::uint8_t*>(data);
        buffer_.insert(buffer_.end(), bytes, bytes + size);
    };
    const auto length32 = static_cast<std::uint32_t>(length);
    put(&kind, 1);
    put(&length32, sizeof length32);
    put(body.data, body.size);
    for (const Bytes& part : tail) {
        if (part.size != 0) put(part.data, part.size);
    }
    ++events_;
}

TapeReader::Next TapeReader::next(Event& out) noexcept {
    if (rest_.empty()) return Next::end;
    if (rest_.size() < kHeadSize) return Next::cut;
    std::uint32_t length;
    std::memcpy(&length, rest_.data() + 1, sizeof length);
    if (rest_.size() - kHeadSize < length) return Next::cut;
    const std::uint8_t kind = rest_[0];
    if (kind == 0 || kind > kLastEventKind) return Next::unknown_kind;
    out.kind = static_cast<EventKind>(kind);
    out.body = rest_.subspan(kHeadSize, length);
    rest_ = rest_.subspan(kHeadSize + length);
    return Next::event;
}

}  // namespace arb
