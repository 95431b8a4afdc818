"""The command line: a group that loads a command's module only when it is asked for."""

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import click

from aq import __version__
from aq.domain.errors import AqError, ConfigError, InputError

# command -> (module, one line of help). Help stands here so that `--help` imports nothing.
COMMANDS = {
    "serve": ("aq.cli.serve", "Serve the dashboard and poll the feeds."),
    "worker": ("aq.cli.worker", "Poll the feeds without a page."),
    "poll": ("aq.cli.poll", "One pass over the feeds now."),
    "backfill": ("aq.cli.backfill", "Fill the gaps found in the store."),
    "import": ("aq.cli.import_", "Read AirKorea's confirmed workbooks and CSV files."),
    "export": ("aq.cli.export", "Write values and grades of any range to a file."),
    "publish": ("aq.cli.publish", "Write the public answers and the history as a folder."),
    "regrade": ("aq.cli.regrade", "Rebuild stored grades after a standard's file has changed."),
    "rules": (
        "aq.cli.rules",
        "Alert rules: list, load, dump, check, backtest, restore, test-channel.",
    ),
    "explain": ("aq.cli.explain", "Why a province has its grade, with the readings behind it."),
    "current": ("aq.cli.current", "What the live table shows."),
    "simulate": ("aq.cli.simulate", "Serve simulated feeds on a socket."),
    "truth": ("aq.cli.truth", "Recorded months of AirKorea against its own grades and indices."),
    "demo": ("aq.cli.demo", "Serve the dashboard against simulated feeds; no network needed."),
    "migrate": ("aq.cli.migrate", "Bring the store's schema up to date."),
    "backup": ("aq.cli.backup", "Copy the embedded store while it is in use."),
    "restore": ("aq.cli.restore", "Put a copy in the store's place."),
    "retain": ("aq.cli.retain", "Put old station hours into the archive, or check it."),
    "doctor": ("aq.cli.doctor", "Check the set-up and say what to do."),
}


ENVIRONMENT_FILE = "/etc/aq/env"
SIMULATED = ("demo", "simulate")  # have nothing to do with the service's store


class LazyGroup(click.Group):
    """Resolves command modules by name at the last moment."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table above."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module behind a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="aq")
def main() -> None:
    """Air quality of South Korea's 17 provinces: collect, keep, grade, show."""


def read_environment_file() -> None:
    """Take what the service's environment file sets and this process's environment does not.

    So a command that somebody types works on the store of the service. The file is the one of the
    units in `deploy/`, in systemd's form: a NAME=value a line.
    """
    path = Path(os.environ.get("AQ_ENV_FILE") or ENVIRONMENT_FILE)
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return
    except OSError as error:
        click.echo(
            f"note: the service's settings are not known: {path}: {error.strerror}", err=True
        )
        return
    for line in lines:
        name, equals, value = line.strip().partition("=")
        if equals and name.startswith("AQ_"):
            os.environ.setdefault(name, value.strip().strip("\"'"))


def run(arguments: list[str] | None = None) -> int:
    """Run a command; 0 done, 1 failed, 2 misused. Every error is one sentence on stderr."""
    words = sys.argv[1:] if arguments is None else arguments
    if words and words[0] not in SIMULATED:
        read_environment_file()
    try:
        outcome: Any = main.main(args=arguments, prog_name="aq", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("stopped", err=True)
        return 1
    except (ConfigError, InputError) as error:
        click.echo(f"error: {error}", err=True)
        return 2
    except AqError as error:
        click.echo(f"error: {error}", err=True)
        return 1
    except BrokenPipeError:
        # The reader (head, less) went away. Keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return outcome if isinstance(outcome, int) else 0


def script() -> None:
    """The installed command `aq`."""
    sys.exit(run())


if __name__ == "__main__":
    script()
