"""From files to a checked `Config`, or every mistake at once."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from arb.config import check
from arb.config.locate import Path
from arb.config.mistakes import ConfigErrors, Mistake
from arb.config.models import (
    VENUE_MODELS,
    Binance,
    Bybit,
    Config,
    Exchanges,
    Execution,
    General,
    Risk,
    Section,
    Strategy,
)
from arb.config.sources import Sources, read_sources

_TABLES = ("exchanges", "strategy", "risk", "execution")
_Model = TypeVar("_Model", bound=Section)


def load_config(
    path: FilePath | str, overrides: Sequence[str] = (), environ: Mapping[str, str] | None = None
) -> Config:
    """The configuration in `path` and the venue files it names.

    Precedence: defaults < files < variables `ARB__RISK__MAX_NOTIONAL` of `environ` (None: the process's) <
    `overrides` of the form `risk.max_notional=1000`. Raises ConfigErrors with every mistake.
    """
    mistakes: list[Mistake] = []
    sources = read_sources(FilePath(path), overrides, os.environ if environ is None else environ, mistakes)
    if sources.main.broken:
        raise ConfigErrors(mistakes)
    tree = sources.tree
    known = (*General.model_fields, *_TABLES)
    head = {key: value for key, value in tree.items() if key in General.model_fields}
    for key in tree:
        if key not in known:
            mistakes.append(_unknown(sources, (key,), known))
    general = _section(General, (), head, sources, mistakes)
    venues, all_read = _venues(sources, mistakes)
    check.check_kind(sources, mistakes)
    strategy = _section(Strategy, ("strategy",), tree.get("strategy", {}), sources, mistakes)
    risk = _section(Risk, ("risk",), tree.get("risk", {}), sources, mistakes)
    execution = _section(Execution, ("execution",), tree.get("execution", {}), sources, mistakes)
    if risk is not None:
        check.check_risk(risk, sources, mistakes)
    if strategy is not None and general is not None and all_read:
        check.check_symbols(strategy, general, venues, sources, mistakes)
    if mistakes or general is None or strategy is None or risk is None or execution is None:
        raise ConfigErrors(sorted(mistakes, key=lambda m: (m.file != sources.main.name, m.file, m.line)))
    exchanges = Exchanges.model_validate(venues)
    return Config(general=general, exchanges=exchanges, strategy=strategy, risk=risk, execution=execution)


def _venues(sources: Sources, mistakes: list[Mistake]) -> tuple[dict[str, Binance | Bybit], bool]:
    """The valid venues, and whether all that were named are valid."""
    named = sources.tree.get("exchanges")
    if not isinstance(named, dict) or not named:
        mistakes.append(
            sources.mistake(
                ("exchanges",), "is missing: name a file for each venue", 'binance = "binance.toml"'
            )
        )
        return {}, False
    venues: dict[str, Binance | Bybit] = {}
    for name, value in named.items():
        if name not in VENUE_MODELS:
            mistakes.append(_unknown(sources, ("exchanges", name), tuple(VENUE_MODELS)))
        elif not isinstance(value, dict):
            mistakes.append(sources.mistake(("exchanges", name), "must be the path of a file"))
        elif name not in sources.venues or not sources.venues[name].broken:
            before = len(mistakes)
            check.check_endpoint(name, sources, mistakes)
            check.check_credentials(name, sources, mistakes)
            # Missing addresses are told as one mistake, above.
            venue = _section(VENUE_MODELS[name], ("exchanges", name), value, sources, mistakes, skip="urls")
            if venue is not None and len(mistakes) == before:
                venues[name] = venue
    return venues, len(venues) == len(named)


def _section(
    model: type[_Model], at: Path, value: Any, sources: Sources, mistakes: list[Mistake], skip: str = ""
) -> _Model | None:
    try:
        return model.model_validate(value)
    except ValidationError as errors:
        for error in errors.errors(include_url=False):
            if skip and error["type"] == "missing" and error["loc"][0] == skip:
                continue
            mistakes.append(_translate(sources, model, at, error))
        return None


def _translate(sources: Sources, model: type[BaseModel], at: Path, error: ErrorDetails) -> Mistake:
    loc = tuple(part for part in error["loc"] if part != "[key]")
    path = (*at, *loc)
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(sources, path, _fields_at(model, loc[:-1]))
    if kind == "missing":
        return sources.mistake(path, "is missing")
    got = f" (got {given!r})" if isinstance(given, str | int | float) else ""
    if kind == "literal_error":
        choices = str(context["expected"])
        near = check.closest(str(given), choices.replace("'", "").replace(" or ", ", ").split(", "))
        return sources.mistake(path, f"must be {choices}{got}", f'did you mean "{near}"?' if near else "")
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return sources.mistake(path, f"must be a table{got}")
    if kind == "value_error":
        return sources.mistake(path, f"{context['error']}{got}")
    bound = {"greater_than": ("> ", "gt"), "greater_than_equal": (">= ", "ge"), "less_than": ("< ", "lt")}
    bound["less_than_equal"] = ("<= ", "le")
    if kind in bound:
        sign, key = bound[kind]
        return sources.mistake(path, f"must be {sign}{context[key]}{got}")
    text = error["msg"].replace("Input should", "must").replace("String should", "must")
    return sources.mistake(path, text[:1].lower() + text[1:] + got)


def _unknown(sources: Sources, path: Path, known: tuple[str, ...]) -> Mistake:
    near = check.closest(str(path[-1]), known)
    return sources.mistake(path, "unknown key", f"did you mean `{near}`?" if near else "")


def _fields_at(model: type[BaseModel], loc: Path) -> tuple[str, ...]:
    """Names of the keys the table at `loc` may have."""
    for part in loc:
        field = model.model_fields.get(str(part))
        kinds = [field.annotation, *getattr(field.annotation, "__args__", ())] if field else []
        inner = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        if inner is None:
            return ()
        model = inner
    return tuple(model.model_fields)
