"""RunConfig: every setting of a run, with its default, limits, unit and help."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mlmtune_core.errors import ConfigError, UserError, nearest_first
from mlmtune_core.strategies import STRATEGY_FORMS, default_rates
from mlmtune_core.translating import mark

RANKED_BY = {
    "sequence_classification": "accuracy",
    "sentence_pair": "accuracy",
    "token_classification": "entity_f1",
    "regression": "pearson",
    "question_answering": "answer_f1",
    "masked_words": "masked_loss",
}
LOWER_IS_BETTER = ("masked_loss",)
TASK_NAMES = tuple(RANKED_BY)
BUNDLED = "bundled"
BUNDLED_NAME = "all-MiniLM-L6-v2"


class RunConfig(BaseModel):
    """The settings of one run. Rates left at None follow the strategy (see `default_rates`)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    task: Literal[TASK_NAMES] = Field("sequence_classification", title=mark("Task"))
    checkpoint: str = Field(
        BUNDLED,
        title=mark("Checkpoint"),
        min_length=1,
        description=mark("The pre-trained encoder to start from: the bundled one, a folder, or a Hub name."),
    )
    first_layers: int = Field(
        0,
        title=mark("Layers to use"),
        ge=0,
        le=48,
        description=mark(
            "0: all layers of the checkpoint. Otherwise only its first so many: faster, at some cost in score."
        ),
    )
    strategy: str = Field(
        "head_only",
        title=mark("Strategy"),
        pattern=r"^(full|head_only|last_layers:[1-9]\d?)$",
        description=mark("Which weights learn; all others stay as they were pre-trained."),
    )
    head: Literal["linear", "pooler"] = Field(
        "linear",
        title=mark("Head"),
        description=mark("What stands on top of the encoder. The chapter's head is linear: z = hW + b."),
    )
    head_learning_rate: float | None = Field(
        None,
        title=mark("Learning rate of the head"),
        gt=0,
        le=1,
        description=mark(
            "How far each step moves the weights of the head. The head starts at random and bears a high rate."
        ),
    )
    learning_rate: float | None = Field(
        None,
        title=mark("Learning rate of the body"),
        gt=0,
        le=0.1,
        description=mark(
            "How far each step moves the pre-trained weights. Too high a rate makes them forget what they knew."
        ),
    )
    epochs: int = Field(
        5, title=mark("Epochs"), ge=1, le=200, description=mark("How many times every training example is seen.")
    )
    batch_size: int = Field(
        16, title=mark("Batch size"), ge=1, le=256, description=mark("Examples per step: the gradient is their mean.")
    )
    batch_tokens: int = Field(
        0,
        title=mark("Tokens per batch"),
        ge=0,
        le=65536,
        description=mark(
            "0: every batch has as many examples as the batch size says. Otherwise as many as fit in so many tokens: more short texts, fewer long ones."
        ),
    )
    max_length: int = Field(
        128,
        title=mark("Maximum length"),
        ge=8,
        le=512,
        description=mark(
            "Sub-words per input, [CLS] and [SEP] included. Longer texts are cut; long sentences with tags are read in windows."
        ),
    )
    dropout: float = Field(
        0.1,
        title=mark("Dropout"),
        ge=0,
        le=0.9,
        description=mark("Share of values set to zero at random while learning. Frozen layers have none."),
    )
    weight_decay: float = Field(
        0.01,
        title=mark("Weight decay"),
        ge=0,
        le=1,
        description=mark("Pulls the weights that learn towards zero at each step, except biases and LayerNorm."),
    )
    warmup_ratio: float = Field(
        0.1,
        title=mark("Warm-up"),
        ge=0,
        le=1,
        description=mark("Share of the steps in which the rate climbs from zero to its full value."),
    )
    schedule: Literal["linear", "constant"] = Field(
        "linear",
        title=mark("Schedule"),
        description=mark("After warm-up the rate falls to zero in a straight line, or stays."),
    )
    max_grad_norm: float = Field(
        1.0,
        title=mark("Gradient clipping"),
        gt=0,
        le=100,
        description=mark("A longer gradient is shortened to this norm."),
    )
    early_stopping_metric: Literal["validation_loss", "metric"] = Field(
        "metric",
        title=mark("Best model by"),
        description=mark("What decides which evaluation was the best, and when to stop early."),
    )
    patience: int = Field(
        3,
        title=mark("Patience"),
        ge=0,
        le=100,
        description=mark("Evaluations without a new best before the run stops by itself. 0: never."),
    )
    validation_share: float = Field(
        0.2,
        title=mark("Validation share"),
        gt=0,
        lt=1,
        description=mark("Share of the examples kept aside to measure, never to learn."),
    )
    label_all_pieces: bool = Field(
        False,
        title=mark("Label every sub-word"),
        description=mark("Off: only the first sub-word of a word carries its tag."),
    )
    seed: int = Field(
        0,
        title=mark("Seed"),
        ge=0,
        le=2**31 - 1,
        description=mark("Where all chance comes from: split, order, head, dropout. Same seed, same run."),
    )

    @property
    def body_rate(self) -> float:
        """Learning rate of the encoder's weights that learn."""
        return self.learning_rate if self.learning_rate is not None else default_rates(self.strategy)[1]

    @property
    def head_rate(self) -> float:
        """Learning rate of the head's weights."""
        return self.head_learning_rate if self.head_learning_rate is not None else default_rates(self.strategy)[0]


def suggest_epochs(examples: int) -> int:
    """Epochs that give a small data set enough steps to learn something, and a large one an end in sight."""
    return 10 if examples < 1000 else 3


def limits(field: str) -> tuple[float | None, float | None]:
    """(lowest, highest) value that a setting takes; None where there is no limit."""
    low = high = None
    for rule in RunConfig.model_fields[field].metadata:
        low = getattr(rule, "ge", getattr(rule, "gt", low))
        high = getattr(rule, "le", getattr(rule, "lt", high))
    return low, high


def validate(values: dict[str, Any]) -> RunConfig:
    """Settings by name -> RunConfig. Raises ConfigError with a sentence for every problem at once."""
    try:
        return RunConfig(**values)
    except ValidationError as error:
        problems = tuple(_sentence(detail) for detail in error.errors())
        raise ConfigError("{count} settings need another value.", problems, count=len(problems)) from None


def _sentence(detail: dict[str, Any]) -> UserError:
    name, found = str(detail["loc"][0]), detail.get("input")
    if name not in RunConfig.model_fields:
        return UserError(
            "There is no setting “{name}”. Nearest: {known}.",
            name=name,
            known=", ".join(nearest_first(name, RunConfig.model_fields)[:3]),
        )
    title = RunConfig.model_fields[name].title
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
    low, high = limits(name)
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
