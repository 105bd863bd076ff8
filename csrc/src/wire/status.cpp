// Names of the statuses, for counters and error texts.
#include "arb/wire/status.hpp"

namespace arb::wire {

const char* name(Status status) noexcept {
    switch (status) {
        case Status::ok: return "ok";
        case Status::ignored: return "ignored";
        case Status::unknown_symbol: return "unknown_symbol";
        case Status::malformed: return "malformed";
        case Status::too_deep: return "too_deep";
        case Status::bad_key: return "bad_key";
        case Status::duplicate_key: return "duplicate_key";
        case Status::missing_key: return "missing_key";
        case Status::bad_value: return "bad_value";
        case Status::inexact: return "inexact";
        case Status::overflow: return "overflow";
        case Status::too_many_levels: return "too_many_levels";
    }
    return "unknown";
}

}  // namespace arb::wire
