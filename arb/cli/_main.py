"""The program: verbs imported when they are called, every failure one line and a stable exit code."""

import difflib
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from arb import errors

# verb -> (where its click command is, the line of `arb --help`): help imports none of them.
VERBS: dict[str, tuple[str, str]] = {
    "run": ("arb.cli.run:command", "Trade: simulated venues on loopback, or the venues of a config."),
    "sim": ("arb.cli.sim:command", "Serve the simulated venues to other programs."),
    "doctor": ("arb.cli.doctor:command", "Check machine, clock, venues, filters, keys and account modes."),
    "keys": ("arb.cli.keys:command", "Store API keys, check what they may do."),
    "scan": ("arb.cli.scan:command", "Edge after fees, per direction, from recordings."),
    "replay": ("arb.cli.replay:command", "Run a recorded session again and compare its actions."),
}


class LazyGroup(click.Group):
    """A group that knows its verbs by name and imports one when it is called.

    click's own `--help` imports every command for its first line; `format_commands` takes it from the table.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module, _, name = VERBS[cmd_name][0].partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], VERBS, n=1)
            hint = f"did you mean `arb {close[0]}`?" if close else "`arb --help` lists the verbs"
            raise errors.UsageError(f"unknown verb {args[0]!r}", hint=hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, text) for verb, (_, text) in VERBS.items()])


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version  # tens of ms: only when asked

    try:
        click.echo(f"arb {version('arbcore')}")
    except PackageNotFoundError:
        click.echo("arb (not installed)")
    ctx.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Cross-exchange crypto arbitrage: books, edge after fees, two legs, none lost.",
    epilog="Exit codes: 0 ok, 1 error, 2 usage or config, 3 not running, 4 auth, 5 venue unreachable, "
    "6 halted or left over, 130 interrupted.",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help="Print the version.",
)
def program() -> None:
    """The group itself does nothing."""


def _verb_of(argv: Sequence[str]) -> str:
    return next((arg for arg in argv if arg in VERBS), "cli")


def _fail(argv: Sequence[str], error: errors.ArbError) -> int:
    if "--json" in argv:
        from arb.cli._json import emit

        emit(_verb_of(argv), {}, code=error.code, errors=error.entries())
    sys.stderr.write(error.render() + "\n")
    return error.code


def _from_click(error: click.ClickException) -> errors.ArbError:
    text = error.format_message().strip().replace("\n", " ")
    if not isinstance(error, click.UsageError):
        return errors.ArbError(text)
    text = text[:1].lower() + text[1:] if text[:2] != text[:2].upper() else text
    where = error.ctx.command_path if error.ctx is not None else "arb"
    return errors.UsageError(text.rstrip("."), hint=f"`{where} --help`")


def _from_os(error: OSError) -> errors.ArbError:
    what = f"{error.filename}: " if error.filename else ""
    return errors.ArbError(f"{what}{error.strerror or error}")


def run(argv: Sequence[str]) -> int:
    """Run `arb` with these arguments and return its exit code; prints, never raises, never a traceback.

    A verb returns its exit code (None is 0) or raises an ArbError. With ARB_TRACEBACK=1 in the environment an
    error nobody expected is raised as it is, for the one who looks for its cause.
    """
    try:
        # Both SIGINT and a closed pipe come here: click would print its own texts and exit by itself.
        code: Any = program.main(args=list(argv), prog_name="arb", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else errors.OK
    except errors.ArbError as error:
        return _fail(argv, error)
    except click.exceptions.NoArgsIsHelpError as error:
        sys.stderr.write(error.format_message() + "\n")
        return errors.USAGE
    except click.ClickException as error:
        return _fail(argv, _from_click(error))
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("interrupted\n")
        return errors.INTERRUPTED
    except BrokenPipeError:
        # The reader went away (`arb scan ... | head`): the interpreter must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return errors.ERROR
    except OSError as error:
        if os.environ.get("ARB_TRACEBACK"):
            raise
        return _fail(argv, _from_os(error))
    except Exception as error:
        if os.environ.get("ARB_TRACEBACK"):
            raise
        text = f"internal: {type(error).__name__}: {error}"
        return _fail(argv, errors.ArbError(text, hint="ARB_TRACEBACK=1 shows where; please report it"))


def main() -> None:
    """Entry point of the installed command."""
    sys.exit(run(sys.argv[1:]))
