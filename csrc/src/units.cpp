#include "arb/units.hpp"

// Nothing to define: the file checks that the header stands alone, and that its types cost nothing.
namespace arb {
static_assert(sizeof(Price) == 8 && sizeof(Qty) == 8 && sizeof(Level) == 16);
static_assert(sizeof(Notional) == 16 && sizeof(Amount) == 16);
}  // namespace arb
