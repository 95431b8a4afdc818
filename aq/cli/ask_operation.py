"""`doctor --ask`: one call of an operation, held against its contract and kept as a recording."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from aq.context import Context
from aq.domain.clock import kst
from aq.domain.errors import FeedError, InputError
from aq.domain.model import KeyCheck
from aq.feeds.airkorea.contracts import Contract, contracts
from aq.feeds.airkorea.errors import read_body, refusal
from aq.feeds.http import Http
from aq.feeds.registry import SPECS
from aq.paths import home
from aq.settings import Settings
from aq.store.runs import CallLedger

FEED = "airkorea"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an operation answered: rows, keys against the contract, where the recording is."""

    operation: str
    rows: int
    total: int
    keys: KeyCheck | None
    unknown: tuple[str, ...]
    file: Path


def find(name: str) -> Contract:
    """The contract of an operation, by its whole name or the last part where that is one's alone;
    raises `InputError` naming the known."""
    known = contracts()
    named = [one for path, one in known.items() if name in (path, path.rpartition("/")[2])]
    if len(named) != 1:
        raise InputError(f"one of {', '.join(sorted(known))}", "--ask")
    return named[0]


def ask(settings: Settings, context: Context, name: str, given: Mapping[str, str]) -> Asked:
    """Make one call with the operator's key, counted like any other. Raises `InputError` for
    parameters that are missing or unknown, `FeedError` for a refusal."""
    contract, section = find(name), settings.feeds.of(FEED)
    if section.key is None:
        raise InputError("needs the key of data.go.kr: set AQ_FEEDS__AIRKOREA__KEY", "--ask")
    params = _params(contract, given)
    now = context.clock.now()
    http = Http(CallLedger(context.store), context.clock.now)

    def refused(
        operation: str, status: int, headers: Mapping[str, str], text: str, at: datetime
    ) -> FeedError | None:
        del headers
        return refusal(operation, status, text, at, contract.success)

    spelling = "ServiceKey" if "ServiceKey" in contract.parameters else "serviceKey"
    get = http.client(
        FEED,
        section.url,
        key=(SPECS[FEED].key_parameter or spelling, section.key),
        key_names={contract.operation: spelling},
        daily_limit=section.daily_limit,
        refusal=refused,
        timeout=section.timeout_seconds,
        deadline=section.deadline_seconds,
    )
    text = get(contract.operation, params).text
    body = read_body(text, contract.success)
    secret = section.key.get_secret_value()
    for form in sorted({secret, quote(secret, safe="")}, key=len, reverse=True):
        text = text.replace(form, "")
    ending = "json" if text.lstrip().startswith(("{", "[")) else "xml"
    stem = contract.operation.replace("/", "-")
    file = home() / "var" / "recordings" / f"{stem}-{kst(now):%Y%m%dT%H%M%S}.{ending}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return Asked(
        operation=contract.operation,
        rows=len(body.items),
        total=body.total,
        keys=contract.check(body.items),
        unknown=contract.unknown,
        file=file,
    )


def _params(contract: Contract, given: Mapping[str, str]) -> dict[str, str]:
    known = set(contract.parameters) - {"serviceKey", "ServiceKey"}
    for name in given:
        if name not in known:
            raise InputError(f"{name} is no parameter of it; known: {', '.join(known)}", "--with")
    needed = {name for name in known if contract.parameters[name].required}
    if lacking := sorted(needed - set(given)):
        words = "; ".join(f"{name} ({contract.parameters[name].about})" for name in lacking)
        raise InputError(f"needs {words}, each as --with NAME=VALUE", "--ask")
    return {"returnType": "json", "numOfRows": "100", "pageNo": "1", **given}


def run(settings: Settings, name: str, given: Mapping[str, str]) -> Asked:
    """`ask` on the store that the settings name, which must be there."""
    from aq.context import start

    context = start(settings)
    with closing(context.store):
        return ask(settings, context, name, given)


def told(asked: Asked) -> list[str]:
    """The findings in sentences."""
    lines = [f"{asked.operation}: {asked.rows} rows came, {asked.total} are counted"]
    if asked.keys is None:
        lines.append("no row came, so nothing is known of its keys")
    elif not asked.keys.gone and not asked.keys.new:
        lines.append("every key is as in the contract")
    else:
        if asked.keys.gone:
            lines.append(f"in the contract, did not come: {', '.join(asked.keys.gone)}")
        if asked.keys.new:
            lines.append(f"came, not in the contract: {', '.join(asked.keys.new)}")
    lines += [f"was not known: {text}" for text in asked.unknown]
    return [*lines, f"kept without the key: {asked.file}"]
