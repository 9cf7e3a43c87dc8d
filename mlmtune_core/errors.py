"""UserError and its subclasses: errors that a user can act on, with a translatable message.

UserError                 says where the fault is, what was expected, what was found, what to do
|-- ConfigError           settings outside their limits, or unknown names
|-- DataError             a file that cannot be read, or data that cannot be trained on
|-- CheckpointError       a checkpoint that is missing, or is not an encoder
|-- TrainingError         a run that cannot continue (the loss is NaN)
|-- RunError              a run that is missing, or not ready for what was asked
|-- PeopleError           somebody who is not signed in, or lacks the permission
`-- LimitError            a limit of this server: how much one person, or all together, may store
"""

import difflib
from collections.abc import Callable, Iterable


class UserError(Exception):
    """An error that the user can act on: a template with values, so that it can be translated."""

    def __init__(self, template: str, **values: object) -> None:
        super().__init__(template, values)
        self.template = template
        self.values = values

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.template, self.values, getattr(self, "problems", ()))

    def translate(self, tr: Callable[[str], str]) -> str:
        """Returns the message in the language of the translator `tr`. The value `title` is itself a message and is translated too."""
        values = {name: tr(str(value)) if name == "title" else value for name, value in self.values.items()}
        return tr(self.template).format(**values)

    def __str__(self) -> str:
        return self.translate(lambda text: text)


class ConfigError(UserError):
    """Settings outside their limits, or unknown names. problems: one UserError per setting."""

    def __init__(self, template: str, problems: tuple["UserError", ...] = (), **values: object) -> None:
        super().__init__(template, **values)
        self.problems = problems

    def translate(self, tr: Callable[[str], str]) -> str:
        """Returns the sentences of all problems."""
        return " ".join(problem.translate(tr) for problem in self.problems) or super().translate(tr)


class DataError(UserError):
    """A file that cannot be read, or data that cannot be trained on."""


class CheckpointError(UserError):
    """A checkpoint that is missing, or is not an encoder."""


class TrainingError(UserError):
    """A run that cannot continue."""


class RunError(UserError):
    """A run that is missing, or not ready for what was asked."""


class PeopleError(UserError):
    """Somebody who is not signed in, or lacks the permission."""


class LimitError(UserError):
    """A limit of this server is reached."""


def _rebuild(
    error_type: type[UserError], template: str, values: dict[str, object], problems: tuple[UserError, ...]
) -> UserError:
    """Recreates an error when it is unpickled, in another process."""
    if issubclass(error_type, ConfigError):
        return error_type(template, problems, **values)
    return error_type(template, **values)


def nearest_first(name: str, known: Iterable[str]) -> list[str]:
    """Returns `known` sorted by similarity to `name`, most similar first."""

    def similarity(other: str) -> float:
        return difflib.SequenceMatcher(None, name.lower(), other.lower()).ratio()

    return sorted(known, key=similarity, reverse=True)


def repeated_deaths_error(times: int) -> RunError:
    """Returns the error of a run that is given up because its worker process died `times` times."""
    return RunError(
        "The worker process died {times} times on this run, most likely for want of memory. Try a smaller batch size or maximum length.",
        times=times,
    )
