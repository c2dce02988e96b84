"""The formats there are, and what each can tell of a call: worked out from the columns its SELECT gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit import formatbook, places
from audit.records import UsageError
from audit.terminal import aligned

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from audit.formatbook import Format
    from audit.formatsql import Kind, Params
    from audit.settings import Settings

HEADS: dict[Kind, str] = {
    "calls": "Logs of calls",
    "bills": "Bills and usage reports, never counted as calls",
}
# What a reader asks of a log, and the columns that answer; a group is told if one of them is given.
_GROUPS: dict[Kind, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "calls": (
        ("tokens", ("input_tokens", "output_tokens")),
        ("cache", ("cache_read_tokens", "cache_write_tokens")),
        ("reasoning", ("reasoning_tokens",)),
        (
            "sound and images",
            ("input_audio_tokens", "output_audio_tokens", "input_image_tokens", "output_image_tokens"),
        ),
        ("searches and other pieces", ("quantity",)),
        ("latency", ("latency_ms",)),
        ("first token", ("first_token_ms",)),
        ("status", ("status",)),
        ("owner", ("project", "team", "user_id", "api_key")),
        ("labels", ("environment", "task", "tags")),
        ("session", ("session_id", "trace_id")),
        ("prompt fingerprints", ("prompt_hash", "template_hash", "prefix_hash")),
        ("tier", ("service_tier",)),
        ("region", ("region",)),
        ("output cap", ("max_output_tokens",)),
        ("cost", ("stated_cost",)),
        ("ids", ("response_id", "request_id")),
    ),
    "bills": (
        ("requests", ("requests",)),
        ("tokens", ("input_tokens", "output_tokens")),
        ("cache", ("cache_read_tokens", "cache_write_tokens")),
        ("quantity", ("quantity",)),
        ("cost", ("billed_cost", "effective_cost", "list_cost")),
        ("model", ("model",)),
        ("tier", ("service_tier",)),
        ("owner", ("project", "sub_account", "user_id", "api_key")),
        ("line items", ("line_item",)),
    ),
}
_WORDS = {"user_id": "user", "api_key": "key", "sub_account": "account"}


def tells(form: Format) -> tuple[str, ...]:
    """The groups of a record that a format can give; of an owner, which."""
    given = set(form.columns)
    return tuple(
        f"owner ({', '.join(_WORDS.get(column, column) for column in columns if column in given)})"
        if group == "owner"
        else group
        for group, columns in _GROUPS[form.kind]
        if given.intersection(columns)
    )


def places_and_params(settings: Settings, more: Iterable[Path] = ()) -> tuple[list[Path], dict[str, Params]]:
    """The folders of formats that the settings mean, and what they say of formats' parameters."""
    return [places.formats(), *settings.paths.formats, *more], settings.formats


def found(folders: Iterable[Path], params: Mapping[str, Params]) -> tuple[list[Format], list[str]]:
    """The formats of some folders by name, a later folder's in place of an earlier's, and why others cannot be used."""
    formats: dict[str, Format] = {}
    broken: dict[str, str] = {}
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder of formats")
        for path in sorted(folder.glob("*.sql")):
            formats.pop(path.stem, None)
            broken.pop(path.stem, None)
            try:
                formats[path.stem] = formatbook.read(path, params.get(path.stem))
            except UsageError as error:
                broken[path.stem] = str(error)
    return [formats[name] for name in sorted(formats)], list(broken.values())


def lines(formats: Iterable[Format], columns: int | None) -> list[str]:
    """The list for a terminal of so many columns; for a pipe, None, a line a format."""
    listed = list(formats)
    if columns is None:
        return aligned.table(
            [(f.name, f.kind, ",".join(f.holds), f.title, ", ".join(tells(f))) for f in listed], 10_000
        )
    wide = max((len(form.name) for form in listed), default=0)
    indent = " " * wide + aligned.GAP
    told: list[str] = []
    for kind, head in HEADS.items():
        of_kind = [form for form in listed if form.kind == kind]
        told += ["", head] if of_kind and told else [head] if of_kind else []
        for form in of_kind:
            title = aligned.shown(f"{form.title} ({', '.join(form.holds)})")
            told.append(f"{form.name:<{wide}}{aligned.GAP}{title}")
            told += aligned.wrapped(tells(form), columns, indent=indent)
    return told
