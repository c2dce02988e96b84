"""The settings that say what things cost and who bears it: prices, exchange rates, pools, mark-ups, shared projects."""

from __future__ import annotations

from decimal import Decimal, localcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from audit.settings_types import Amount, Currency, MonthText, OrNone, Positive, Section, Share

if TYPE_CHECKING:
    from audit.records import Month

_TENFOLD = 10
# More digits than anybody writes: a sum that is not 1 is not rounded to it.
_PRECISION = 200


class Prices(Section):
    """Where prices come from besides the public lists, and what the names in the logs stand for."""

    contracts: list[Path] = Field(
        default_factory=list, description="Files with price rows of your own contracts, TOML or CSV."
    )
    stated: list[str] = Field(
        default_factory=list, description="Sources whose stated cost is used in place of the price list's."
    )
    deployments: dict[str, str] = Field(
        default_factory=dict,
        description="Azure deployments and Bedrock profiles: the name as it is logged = the model it serves.",
    )
    regions: dict[str, str] = Field(
        default_factory=dict,
        description="A source's region where its log states none, as intl for DashScope's international site.",
    )

    def anchored(self, folder: Path) -> Prices:
        """The same with absolute paths."""
        return self.model_copy(update={"contracts": [folder / path for path in self.contracts]})


class ExchangeRate(Section):
    """What one unit of a currency is worth in the report's currency in a month."""

    month: MonthText = Field(description="The first month it holds for, as 2026-07.")
    currency: Currency = Field(description="The currency translated from.")
    rate: Positive = Field(description="Units of the report's currency for one unit of it.")


def _pattern(name: str) -> str:
    if not name.strip().strip("*"):
        raise ValueError(f"'{name}' would be every model: name the model, with * for what varies")
    return name


class Pool(Section):
    """GPUs of your own that serve models: what they cost a month is spread over the calls they served."""

    name: str = Field(min_length=1, description="The pool, as the report names it.")
    models: list[Annotated[str, AfterValidator(_pattern)]] = Field(
        min_length=1, description="The models it serves, as logged; * stands for what varies."
    )
    providers: list[str] = Field(
        default_factory=list, description="The providers its calls are logged with, as vllm; any where left out."
    )
    gpus: int = Field(gt=0, strict=True, description="How many GPUs it has.")
    hourly_rate: Amount = Field(description="What one GPU costs an hour.")
    currency: Annotated[Currency | None, OrNone] = Field(
        None, description="The rate's currency; the report's where left out."
    )
    hours: Annotated[Amount | None, OrNone] = Field(
        None, description="Hours a month that it is paid for; all hours of the month where left out."
    )
    hours_csv: Annotated[Path | None, OrNone] = Field(
        None,
        description="A CSV of the hours it ran, with the columns date or month, pool, and hours or gpu_hours.",
    )
    since: Annotated[MonthText | None, OrNone] = Field(
        None, alias="from", description="The first month it is paid for; always where left out."
    )
    until: Annotated[MonthText | None, OrNone] = Field(
        None, alias="to", description="The last month it is paid for; open where left out."
    )
    output_weight: Positive = Field(
        Decimal(1),
        description="How many input tokens one output token counts as when the cost is spread. 1 splits by tokens; "
        "decoding keeps a GPU busy for longer than reading does, so 3 or 4 is nearer to what a call took.",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.hours is not None and self.hours_csv is not None:
            raise ValueError("hours and hours_csv cannot both hold: keep one of them")
        if self.since and self.until and self.since > self.until:
            raise ValueError(f"it ends in {self.until}, before it begins in {self.since}")
        return self

    def runs(self, month: Month) -> bool:
        """Whether it is paid for in a month."""
        return (self.since or "") <= str(month) <= (self.until or "9999-12")

    def anchored(self, folder: Path) -> Pool:
        """The same with an absolute path."""
        return self if self.hours_csv is None else self.model_copy(update={"hours_csv": folder / self.hours_csv})


def _factor(value: Decimal) -> Decimal:
    if value >= _TENFOLD:
        raise ValueError(f"{value} would charge {value} times the cost: a mark-up of 10 % is written 1.10")
    return value


class Margin(Section):
    """What a team or a project is charged for what it costs: a mark-up above 1, a discount below, from a month on."""

    since: MonthText = Field(alias="from", description="The first month it holds for, until a later row replaces it.")
    project: str = Field("", description="The project; its own row goes before its teams'.")
    team: str = Field("", description="The team, in all projects that have no row of their own.")
    factor: Annotated[Amount, AfterValidator(_factor)] = Field(
        description="What is charged for a cost of 1: 1.10 adds 10 %, 0.90 takes 10 % off."
    )

    @model_validator(mode="after")
    def _one_payer(self) -> Self:
        if bool(self.project) == bool(self.team):
            raise ValueError("it names either a project or a team")
        return self


class Shared(Section):
    """A project whose cost the projects that live off it bear, as a gateway or a search index, from a month on."""

    since: MonthText = Field(alias="from", description="The first month it holds for, until a later row replaces it.")
    project: str = Field(min_length=1, description="The shared project.")
    by: Literal["calls", "tokens", "cost", "fixed", "none"] = Field(
        "cost",
        description="What it is split by: the others' calls, tokens or own cost, or fixed shares; none ends the "
        "sharing.",
    )
    to: list[Annotated[str, Field(min_length=1)]] = Field(
        default_factory=list,
        description="The projects that bear it; where left out all with calls in the month that are not shared too.",
    )
    shares: dict[Annotated[str, Field(min_length=1)], Share] = Field(
        default_factory=dict, description="The part each project bears where it is fixed; they add up to 1."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.by != "fixed":
            if self.shares:
                raise ValueError(f'shares stand where by = "fixed", not where by = "{self.by}"')
            return self
        if self.to:
            raise ValueError("fixed shares name the projects themselves: leave out to")
        with localcontext(prec=_PRECISION):
            if (total := sum(self.shares.values(), Decimal(0))) != 1:
                raise ValueError(f"the shares of '{self.project}' add up to {total:f}, not to 1")
        return self
