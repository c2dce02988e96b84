"""A format's cases: a few records in, the call rows they must give. The same runner serves a user's own formats.

Shape of ``<name>.yml``::

    record: {...}                   # what every record of the file has where a case does not say otherwise
    cases:
      - name: the sentence the case stands for
        records:                    # JSON objects, one a line; or text: the file as it lies
          - {id: a, metadata: {team: search}}
        calls:                      # exactly these, compared on the keys that are given; bills: for a format of bills
          - {call_id: a, input_tokens: 12}
        rejected: 0                 # records that cannot be read; 0 where left out
"""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit import cases, formatbook
from audit.engine.store import open_store
from audit.formatsql import COLUMNS
from audit.ingest.load import ingest
from audit.records import AuditError, UsageError
from audit.settings import Limits, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from audit.formatbook import Format

# A few records are read faster by one thread than shared out among several.
_ALONE = Settings(limits=Limits(threads=1))


def run_cases(paths: Iterable[Path]) -> list[cases.Result]:
    """Run the cases of format files. A format that cannot be read, or has no cases, is a failed case."""
    results: list[cases.Result] = []
    for path in paths:
        try:
            form = formatbook.read(path)
            stated = _cases(path)
        except UsageError as error:
            results.append(cases.Result(path.stem, "the files can be read", str(error)))
            continue
        results += [cases.Result(form.name, str(case["name"]), difference(form, case)) for case in stated]
    return results


def _cases(path: Path) -> list[dict[str, Any]]:
    data, found = cases.beside(path)
    if any(not isinstance(case, dict) or "name" not in case or not {"calls", "bills"} & set(case) for case in found):
        raise UsageError(f"{path.with_suffix('.yml')}: a case has a name and the calls, or bills, that come out")
    return [{"record": data.get("record") or {}, **case} for case in found]


def difference(form: Format, case: Mapping[str, Any]) -> str | None:
    """What differs between the rows a case asks for and those the format gives; None where nothing does."""
    try:
        rows, rejects = given(form, case)
    except AuditError as error:
        return str(error)
    if len(rejects) != case.get("rejected", 0):
        return f"{len(rejects)} records rejected: {'; '.join(rejects) or 'none'}"
    if form.kind not in case:
        return f"the format gives {form.kind}; the case states none"
    stated = case[form.kind] or []
    unknown = {name for wanted in stated for name in wanted} - {column.name for column in COLUMNS[form.kind]}
    if unknown:
        return f"a case's row has '{min(unknown)}', which is no column of {form.kind}"
    return _unlike_rows(rows, stated)


def _unlike_rows(rows: list[dict[str, Any]], stated: list[dict[str, Any]]) -> str | None:
    for wanted in stated:
        told = [(row, _unlike(row, wanted)) for row in rows]
        if not told:
            return f"not given: {wanted}"
        # The row that is most like it: what differs there is what the reader wants to know.
        nearest, unlike = min(told, key=lambda pair: (_other(pair[0], wanted), len(pair[1])))
        if unlike:
            return f"{wanted.get('call_id', wanted)}: {'; '.join(unlike)}"
        rows.remove(nearest)
    return f"given besides: {'; '.join(str(_told(row)) for row in rows)}" if rows else None


def _unlike(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    return [f"{name} is {row[name]!r}, not {value!r}" for name, value in wanted.items() if not _same(row[name], value)]


def _other(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return "call_id" in wanted and row["call_id"] != str(wanted["call_id"])


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None and name not in ("file_id", "problem")}


def given(form: Format, case: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows and the reasons of the rejects, read from a file as any log is."""
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        log = Path(folder) / "log"
        log.write_text(_text(case), encoding="utf-8", newline="")
        with open_store(Path(folder) / "audit.duckdb", _ALONE) as engine:
            (receipt,) = ingest(engine, [log], {form.name: form}, keep_prompts=bool(case.get("keep_prompts")))
            if receipt.unread:
                raise UsageError(f"the format does not know its own case: {receipt.reason}")
            rows = engine.frame(f"SELECT * FROM store.{form.kind} ORDER BY rowid").to_dicts()
            reasons = [str(reason) for (reason,) in engine.rows("SELECT reason FROM store.rejects")]
    return rows, reasons


def _text(case: Mapping[str, Any]) -> str:
    if "text" in case:
        return str(case["text"])
    records = [_over(case["record"], record) for record in case.get("records") or []]
    return "".join(json.dumps(record, default=str) + "\n" for record in records)


def _over(below: Any, above: Any) -> Any:
    """A record over what every record has: objects are merged, anything else is replaced."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return {**below, **{name: _over(below.get(name), value) for name, value in above.items()}}


def _same(got: Any, wanted: Any) -> bool:
    if isinstance(wanted, datetime):
        return bool(got == (wanted.astimezone(UTC).replace(tzinfo=None) if wanted.tzinfo else wanted))
    return cases.same(got, wanted)
