// Counts heap allocations while it is on. The counting operator new is in test_allocations.cpp.
#pragma once

#include <cstddef>

namespace arb::testing {

struct AllocationCount {
    static inline bool on = false;
    static inline std::size_t count = 0;
};

// Counts for as long as it lives: one is put around each call into the engine.
class Counted {
public:
    Counted() noexcept { AllocationCount::on = true; }
    ~Counted() { AllocationCount::on = false; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
};

}  // namespace arb::testing
