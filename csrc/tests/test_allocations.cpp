// Between a frame and an order nothing is allocated: a counting operator new watches the calls.
#include <doctest/doctest.h>

#include <cstdlib>
#include <new>

#include "support/session.hpp"

using arb::testing::AllocationCount;

namespace {

// Neither is inlined: the compiler would see malloc where it expects new.
[[gnu::noinline]] void* counted_allocation(std::size_t size, std::size_t alignment) {
    if (AllocationCount::on) ++AllocationCount::count;
    void* const out = alignment <= alignof(std::max_align_t)
                          ? std::malloc(size == 0 ? 1 : size)
                          : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (out == nullptr) throw std::bad_alloc();
    return out;
}

[[gnu::noinline]] void give_back(void* p) noexcept { std::free(p); }

}  // namespace

void* operator new(std::size_t size) { return counted_allocation(size, 0); }
void* operator new[](std::size_t size) { return counted_allocation(size, 0); }
void* operator new(std::size_t size, std::align_val_t to) {
    return counted_allocation(size, static_cast<std::size_t>(to));
}
void* operator new[](std::size_t size, std::align_val_t to) {
    return counted_allocation(size, static_cast<std::size_t>(to));
}
void operator delete(void* p) noexcept { give_back(p); }
void operator delete[](void* p) noexcept { give_back(p); }
void operator delete(void* p, std::size_t) noexcept { give_back(p); }
void operator delete[](void* p, std::size_t) noexcept { give_back(p); }
void operator delete(void* p, std::align_val_t) noexcept { give_back(p); }
void operator delete[](void* p, std::align_val_t) noexcept { give_back(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { give_back(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { give_back(p); }

using namespace arb;
using namespace arb::testing;

TEST_CASE("the counter counts") {
    AllocationCount::count = 0;
    {
        Counted counted;
        std::vector<int> one(100);
        CHECK(one.size() == 100);
    }
    const std::size_t counted = AllocationCount::count;
    std::vector<int> uncounted(100);
    CHECK(counted >= 1);
    CHECK(AllocationCount::count == counted);
}

TEST_CASE("no allocation from frame to orders and through all their answers, the tape running") {
    for (const FeeMode mode : {FeeMode::quote, FeeMode::base}) {
        Setup setup;
        setup.tape_bytes = 1 << 20;
        setup.buy_mode = mode;
        setup.config.max_hedges = 4;
        Chances chances;
        chances.lost = 0;
        chances.nothing = chances.partial = 50;  // four failed hedges in a row would end the trading
        Session session(21, setup, chances);
        session.run(200);  // warm-up
        const EngineStats before = session.rig.engine->stats();
        AllocationCount::count = 0;
        session.run(3000);
        const EngineStats& after = session.rig.engine->stats();
        CHECK(AllocationCount::count == 0);
        CHECK(after.trades - before.trades > 50);
        CHECK_FALSE(session.rig.engine->tape().torn());
        MESSAGE(AllocationCount::count, " allocations in ", after.frames - before.frames, " frames, ",
                after.decides - before.decides, " decisions, ", after.trades - before.trades, " trades, ",
                after.hedges - before.hedges, " hedges, ", after.fills - before.fills, " fills, ",
                after.queries - before.queries, " queries");
    }
}

TEST_CASE("there is no first time either: the very first trade allocates nothing") {
    Setup setup;
    setup.tape_bytes = 1 << 20;
    Rig rig(setup);
    rig.start();
    AllocationCount::count = 0;
    rig.calm();
    const auto places = rig.opened(kBinance);
    REQUIRE(places.size() == 2);
    rig.execute(places[0]);
    rig.reject(places[1]);
    for (const Action& hedge : rig.hedges()) rig.execute(hedge);
    CHECK(rig.engine->stats().balanced == 1);
    CHECK(AllocationCount::count == 0);
}
