"""What `audit init` writes: every section with its keys, defaults and purpose, from the settings' own types."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from audit.records import UsageError
from audit.settings import Revenue, Settings

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

_HEAD = """\
# Settings of the compute-spend audit. What is commented out stands at its default.
# Secrets are not kept here: the mail password comes from the environment variable AUDIT_SMTP_PASSWORD.
"""
_TAIL = """
# A database whose tables are logs, as those of LiteLLM, one-api and new-api. Its password comes from the environment.
# [[databases]]
# name         = "gateway"
# url          = "postgresql://audit@db.example:5432/litellm"
# password_env = "AUDIT_GATEWAY_PASSWORD"

# One table a project: who answers for it, what it expects to earn a month, and how its calls are known where the
# log names no project.
# [[projects]]
# name     = "support-bot"
# owner    = "Support team"
# revenue  = [{ from = "2026-07", amount = 12000 }]
# teams    = ["support"]
# api_keys = ["svc-support"]

# What one unit of another currency is worth in the report's, from a month on.
# [[exchange_rates]]
# month    = "2026-07"
# currency = "CNY"
# rate     = 0.14

# GPUs of your own: what they cost a month is spread over the calls they served.
# [[pools]]
# name        = "h100"
# models      = ["qwen3-32b", "bge-*"]
# gpus        = 8
# hourly_rate = "2.50"
# from        = "2026-07"

# A project whose cost the others bear, by their calls, tokens or own cost, or in fixed shares.
# [[shared]]
# project = "gateway"
# by      = "calls"
# from    = "2026-07"

# What a project or a team is charged for a cost of 1: a mark-up above 1, a discount below.
# [[margins]]
# project = "support-bot"
# factor  = "1.10"
# from    = "2026-07"

# A rule's parameters, or `enabled = false` to leave it out; `audit rules list` names the rules.
# [rules.duplicate_call]
# window_hours = 24

# A format's parameters; `audit formats list` names the formats.
# [formats.new_api]
# usd_per_quota = "0.000002"
"""
_SECTIONS = ("company", "paths", "logs", "limits", "prices", "red_line", "mail", "schedule")


def text() -> str:
    """The file's text."""
    fields = Settings.model_fields
    parts = [_HEAD]
    for name in ("revenue_csv", "exchange_rates_csv"):
        parts += [f"\n# {fields[name].description}\n", f'# {name} = "{name.removesuffix("_csv")}.csv"\n']
    for name in _SECTIONS:
        model: Any = fields[name].annotation
        lines = [f"\n# {model.__doc__.splitlines()[0]}", f"[{name}]"]
        for key, info in model.model_fields.items():
            lines += [f"# {info.description}", f"# {key} = {value(info)}"]
        parts.append("\n".join(lines) + "\n")
    return "".join(parts) + _TAIL


def value(info: FieldInfo) -> str:
    """A key's default as TOML writes it; empty where it has none."""
    default = info.get_default(call_default_factory=True)
    if default is None or default is PydanticUndefined:
        return '""'
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, (list, tuple)):
        return str([str(item) for item in default]).replace("'", '"')
    if isinstance(default, (str, Path)):
        return f'"{default}"'
    return str(default)


def write(path: Path) -> None:
    """Write the file; refuses to replace one. Raises UsageError."""
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text())
    except FileExistsError:
        raise UsageError(f"{path}: there already; move it away or name another file") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from None


def tables() -> dict[str, type[BaseModel]]:
    """Every table of the file by its name, with a project's revenue rows, for the documentation."""
    found: dict[str, type[BaseModel]] = {}
    for name, info in Settings.model_fields.items():
        model = _model(info)
        if model is not None:
            found[name] = model
            if name == "projects":
                found["projects.revenue"] = Revenue
    return found


def is_list(name: str) -> bool:
    """Whether a table may stand there more than once."""
    info = Settings.model_fields.get(name)
    return info is None or _model(info) is not info.annotation


def _model(info: FieldInfo) -> type[BaseModel] | None:
    for kind in (info.annotation, *getattr(info.annotation, "__args__", ())):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None
