"""The compiled core of arb: order books, edge, engine.

Prices and quantities are integers on a pair's grid inside, strings and Decimals at the edge.
"""

import picows

try:
    from arbcore._build import PICOWS as _BUILT_AGAINST
except ModuleNotFoundError as missing:
    raise ImportError(
        "arbcore is not built here: this is the source tree. Run `pip install .` and call the installed "
        "program from another folder, or `python -P -m pytest` from this one."
    ) from missing


def _series(version: str) -> str:
    return ".".join(version.split(".")[:2])


# Cython checks the size of picows' extension types, never their field order, which moves between
# minor releases: a mismatch would import in silence and read the wrong bytes.
_INSTALLED: str = picows.__version__  # type: ignore[attr-defined]  # there, but not in its stub's exports
if _series(_INSTALLED) != _series(_BUILT_AGAINST):
    raise ImportError(
        f"arbcore was built against picows {_BUILT_AGAINST} but picows {_INSTALLED} is installed; "
        f"run `pip install 'picows=={_series(_BUILT_AGAINST)}.*'` or rebuild arbcore."
    )

from arbcore.book import OrderBook  # noqa: E402
from arbcore.edge import Edge, best_edge  # noqa: E402
from arbcore.histogram import Histogram  # noqa: E402
from arbcore.slowpath import Refused  # noqa: E402

__all__ = ["Edge", "Histogram", "OrderBook", "Refused", "best_edge"]
