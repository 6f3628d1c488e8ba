"""The command that answers an assistant: mcp. A module of its own, for the assistant waits until it has started."""

from __future__ import annotations

from typer import BadParameter

from policywatch.cli.opening import opened
from policywatch.cli.options import (
    CONFIG,
    Config,
    command_group,
)

app = command_group()


@app.command()
def mcp(config: Config = CONFIG) -> None:
    """Answer an assistant on standard input and output, by the Model Context Protocol; it can only read.

    Example: `policywatch mcp --config /srv/policywatch.toml`
    """
    try:
        from policywatch.mcp_server import (
            mcp_server,
        )  # of an optional extra, without which the others run
    except ImportError as failure:
        problem = "needs an optional package: pip install 'policywatch[mcp]'"
        raise BadParameter(problem, param_hint="mcp") from failure
    with opened(config, even_read_only=True) as (watchlist, database):
        mcp_server(database, watchlist.topics.keys()).run("stdio")
