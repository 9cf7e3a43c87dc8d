"""What is wrong with a setting: pydantic's errors as sentences with what to write instead"""

from collections.abc import Mapping
from typing import Any

from pydantic.fields import FieldInfo

from mlmtune_core.errors import UserError, nearest_first
from mlmtune_core.strategies import STRATEGY_FORMS

ON_TOKENS = ("token_classification", "question_answering", "masked_words")  # tasks whose head reads every token
OF_TEXTS = ("head", "pooling", "truncation", "label_noise")  # settings that mean something only where a text has one answer


def say_problem(detail: Mapping[str, Any], settings: Mapping[str, FieldInfo], limits: tuple[float | None, float | None]) -> UserError:
    """One error of pydantic about one of `settings`, whose (lowest, highest) value `limits` gives, as a sentence with what to write instead."""
    name, found = str(detail["loc"][0]), detail.get("input")
    if name not in settings:
        return UserError(
            "There is no setting “{name}”. Nearest: {known}.",
            name=name,
            known=", ".join(nearest_first(name, settings)[:3]),
        )
    title = settings[name].title
    if name == "strategy":
        return UserError(
            "Strategy: “{found}” is not known. Write one of: {known}.",
            found=found,
            known=", ".join(nearest_first(str(found), STRATEGY_FORMS)),
        )
    if "expected" in detail.get("ctx", {}):
        return UserError(
            "{title}: “{found}” is not known. Write one of: {known}.",
            title=title,
            found=found,
            known=detail["ctx"]["expected"],
        )
    low, high = limits
    if detail["type"] == "greater_than":
        return UserError(
            "{title}: found {found}, but it must be above {low} and at most {high}.",
            title=title,
            found=found,
            low=low,
            high=high,
        )
    if low is None or high is None:
        return UserError("{title}: “{found}” cannot be used. Write a text that is not empty.", title=title, found=found)
    return UserError(
        "{title}: found {found}, but it must be a number from {low} to {high}.",
        title=title,
        found=found,
        low=low,
        high=high,
    )


def find_misfits(values: Mapping[str, Any], settings: Mapping[str, FieldInfo]) -> tuple[UserError, ...]:
    """A sentence for every setting, sound by itself, that its task has no use for: it is refused, not passed over in silence."""
    return tuple(
        UserError(
            "{title}: only tasks with one answer for each text have this choice. Leave it at “{default}” here.",
            title=settings[name].title,
            default=settings[name].default,
        )
        for name in OF_TEXTS
        if values["task"] in ON_TOKENS and values[name] != settings[name].default
    )
