"""A foreign extension that cimports arbcore: the shipped .pxd files are complete and right."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

FOREIGN = """
# cython: language_level=3
# distutils: language = c++
from arbcore.book cimport OrderBook
from arbcore.cpp cimport Level


def spread(OrderBook book not None):
    cdef Level bid
    cdef Level ask
    if not book.book.live():
        return None
    bid = book.book.book().bids.at(0)
    ask = book.book.book().asks.at(0)
    return ask.price.value - bid.price.value
"""


def compiler() -> list[str] | None:
    command = (sysconfig.get_config_var("CXX") or "c++").split()
    found = subprocess.run([*command, "--version"], capture_output=True, check=False)
    return command if found.returncode == 0 else None


def test_a_foreign_extension_reads_a_book_in_c(tmp_path: Path) -> None:
    headers = Path(__file__).resolve().parents[2] / "csrc/include"
    try:
        command = compiler()
    except FileNotFoundError:
        command = None
    if command is None:
        pytest.skip("no C++ compiler")
    source = tmp_path / "foreign.pyx"
    source.write_text(FOREIGN)
    # From another folder: the .pxd files of the installed package, not of the source tree.
    subprocess.run([sys.executable, "-m", "cython", "--cplus", "-3", str(source)], cwd=tmp_path, check=True)
    target = tmp_path / f"foreign{sysconfig.get_config_var('EXT_SUFFIX')}"
    shared = ["-bundle", "-undefined", "dynamic_lookup"] if sys.platform == "darwin" else ["-shared"]
    includes = [f"-I{headers}", f"-I{sysconfig.get_path('include')}"]
    # The core is not linked: what such a module reads of a book is inline in the headers.
    subprocess.run(
        [*command, "-std=c++20", "-O1", "-fPIC", "-w", *shared, *includes, "foreign.cpp", "-o", str(target)],
        cwd=tmp_path,
        check=True,
    )
    program = (
        "import foreign, arbcore\n"
        "book = arbcore.OrderBook('bybit:BTC/USDT', 2, 3)\n"
        "assert foreign.spread(book) is None\n"
        'book.on_frame(b\'\'\'{"topic":"orderbook.50.BTCUSDT","type":"snapshot","ts":1,"data":{"s":"BTCUSDT",'
        '"b":[["99.50","1"]],"a":[["100.00","1"]],"u":5,"seq":5}}\'\'\')\n'
        "print(foreign.spread(book))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout == "50\n", done.stderr
