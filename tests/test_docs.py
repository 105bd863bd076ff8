"""Every console block of README and docs runs as it stands, or says above it why it cannot run here.

A block is a shell session: lines that start with `$ ` are commands, run one after the other in an empty
folder that holds two recordings and the shipped config; other lines show output and are for the reader. A
command must end with 0, a block marked `<!-- exit N -->` with N. `<!-- not run: reason -->` marks the others;
their number is fixed.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "PERFORMANCE.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
NOT_RUN = 8
_BLOCK = re.compile(r"(?:<!-- (?P<mark>[^>]*) -->\n)?```console\n(?P<body>.*?)```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    page: str
    line: int
    commands: tuple[str, ...]
    mark: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks() -> list[Block]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in _BLOCK.finditer(text):
            commands = tuple(line[2:] for line in match["body"].splitlines() if line.startswith("$ "))
            line = text.count("\n", 0, match.start("body")) + 1
            found.append(Block(str(page.relative_to(ROOT)), line, commands, match["mark"] or ""))
    return found


BLOCKS = blocks()
RUNNABLE = [block for block in BLOCKS if not block.mark.startswith("not run: ")]


def recording(perpetual: bool) -> str:
    """Three lines: a snapshot and two updates of a BTC/USDT book; the perpetual stands a little lower."""
    bid, ask = ("99.9", "100") if perpetual else ("100.2", "100.3")
    tail = ',"pu":10' if perpetual else ""
    snapshot = f'{{"lastUpdateId":10,"bids":[["{bid}","2"]],"asks":[["{ask}","1"]]}}'
    lines = [f"1700000000000000000 {snapshot}"]
    for at in (11, 12):
        update = (
            f'{{"e":"depthUpdate","E":1700000000000,"T":1700000000000,"s":"BTCUSDT","U":{at},"u":{at}{tail},'
            f'"b":[["{bid}","{at}"]],"a":[]}}'
        )
        tail = f',"pu":{at}' if perpetual else ""
        lines.append(f"{1_700_000_000_000_000_000 + at * 1_000_000} {update}")
    return "\n".join(lines) + "\n"


@pytest.mark.e2e
@pytest.mark.parametrize("block", RUNNABLE, ids=str)
def test_a_console_block_runs_as_it_stands(block: Block, tmp_path: Path) -> None:
    assert block.commands, f"{block} shows no command"
    (tmp_path / "spot.jsonl").write_text(recording(perpetual=False))
    (tmp_path / "perpetual.jsonl").write_text(recording(perpetual=True))
    shutil.copytree(ROOT / "config", tmp_path / "config")
    wanted = int(block.mark.removeprefix("exit ")) if block.mark.startswith("exit ") else 0
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ARB_")}
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"
    for command in block.commands:
        done = subprocess.run(
            command,
            shell=True,
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == wanted, f"{block}: {command}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr


def test_the_blocks_that_cannot_run_here_are_counted() -> None:
    skipped = [block for block in BLOCKS if block not in RUNNABLE]
    assert len(skipped) == NOT_RUN, [str(block) for block in skipped]
    for block in skipped:
        assert len(block.mark) > len("not run: ") + 5, f"{block} gives no reason"


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links {target}"
