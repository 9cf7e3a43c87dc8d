"""What can go wrong for a person: UserError and its few children.

UserError                 a sentence for the reader: where, expected, found, what to do
|-- ConfigError           a setting outside its limits, or an unknown name
|-- DataError             a file that cannot be read, or rows that cannot be learnt from
|-- CheckpointError       a checkpoint that is not there, or is no encoder
|-- TrainingError         a run that cannot go on (a loss that is no number)
|-- RunError              a run that is not there, or not ready for what was asked
|-- PeopleError           somebody who is not let in, or may not do what they asked for
`-- LimitError            a limit of this server: how much one person, or all together, may keep
"""

import difflib
from collections.abc import Callable, Iterable


class UserError(Exception):
    """A sentence for the reader, kept as a template with values so that it can be said in their language."""

    def __init__(self, template: str, **values: object) -> None:
        super().__init__(template, values)
        self.template = template
        self.values = values

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.template, self.values, getattr(self, "problems", ()))

    def say(self, tr: Callable[[str], str]) -> str:
        """The sentence in the language of the translator `tr`; a value called `title` is a message itself."""
        values = {name: tr(value) if name == "title" else value for name, value in self.values.items()}
        return tr(self.template).format(**values)

    def __str__(self) -> str:
        return self.say(lambda text: text)


class ConfigError(UserError):
    """One or more settings outside their limits; `problems` holds one UserError a setting."""

    def __init__(self, template: str, problems: tuple["UserError", ...] = (), **values: object) -> None:
        super().__init__(template, **values)
        self.problems = problems

    def say(self, tr: Callable[[str], str]) -> str:
        """Every problem, one sentence after the other."""
        return " ".join(problem.say(tr) for problem in self.problems) or super().say(tr)


class DataError(UserError):
    """A file that cannot be read, or rows that cannot be learnt from."""


class CheckpointError(UserError):
    """A checkpoint that is not there, or is no encoder."""


class TrainingError(UserError):
    """A run that cannot go on."""


class RunError(UserError):
    """A run that is not there, or not ready for what was asked."""


class PeopleError(UserError):
    """Somebody who is not let in, or may not do what they asked for."""


class LimitError(UserError):
    """A limit of this server is reached."""


def _rebuild(
    kind: type[UserError], template: str, values: dict[str, object], problems: tuple[UserError, ...]
) -> UserError:
    """What unpickling calls: errors travel between processes."""
    return kind(template, problems, **values) if issubclass(kind, ConfigError) else kind(template, **values)


def nearest_first(name: str, known: Iterable[str]) -> list[str]:
    """`known` sorted by likeness to `name`, nearest first."""

    def likeness(other: str) -> float:
        return difflib.SequenceMatcher(None, name.lower(), other.lower()).ratio()

    return sorted(known, key=likeness, reverse=True)


def died_again_and_again(times: int) -> RunError:
    """Why a run is given up after so many deaths of its worker."""
    return RunError(
        "The worker process died {times} times on this run, most likely for want of memory. Try a smaller batch size or maximum length.",
        times=times,
    )
