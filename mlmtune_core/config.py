"""RunConfig: every setting of a run, with its default, limits, unit and help."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from mlmtune_core.errors import ConfigError, UserError, nearest_first
from mlmtune_core.language import mark
from mlmtune_core.strategies import STRATEGY_FORMS, default_rates

TOKEN_TASKS = ("token_classification", "question_answering", "masked_words")  # the head reads every token
TASKS_WITHOUT_CONFIDENCE = ("regression", "question_answering")  # no probability of the answer as a whole
TEXT_SETTINGS = ("head", "pooling", "truncation", "label_noise")  # settings that only the other tasks, with one answer per text, have


def describe_problem(detail: Mapping[str, Any], settings: Mapping[str, FieldInfo], limits: tuple[float | None, float | None]) -> UserError:
    """Converts one validation error of pydantic to a message that says what to write instead. limits: (lowest, highest) value."""
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


def find_inapplicable(values: Mapping[str, Any], settings: Mapping[str, FieldInfo]) -> tuple[UserError, ...]:
    """Returns an error for each setting that has no effect for the task but is not at its default: it is refused, not ignored."""
    return tuple(
        UserError(
            "{title}: only tasks with one answer for each text have this choice. Leave it at “{default}” here.",
            title=settings[name].title,
            default=settings[name].default,
        )
        for name in TEXT_SETTINGS
        if values["task"] in TOKEN_TASKS and values[name] != settings[name].default
    )


RANKED_BY = {  # task -> the metric that ranks its runs
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
MAX_TRAIN_EVAL_EXAMPLES = 200  # training examples scored at each evaluation, if `measure_training` is on


def _setting(default: Any, title: str, description: str | None = None, **rules: Any) -> Any:
    return Field(default, title=title, description=description, **rules)


class RunConfig(BaseModel):
    """The settings of one run. Learning rates of None get the default of the strategy (see default_rates)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    task: Literal[TASK_NAMES] = _setting("sequence_classification", mark("Task"))  # type: ignore[valid-type]  # RANKED_BY is the one list of tasks
    checkpoint: str = _setting(
        BUNDLED, mark("Checkpoint"), mark("The pre-trained encoder to start from: the bundled one, a folder, or a Hub name."), min_length=1
    )
    first_layers: int = _setting(
        0, mark("Layers to use"), mark("0: all layers of the checkpoint. Otherwise only its first so many: faster, at some cost in score."), ge=0, le=48
    )
    initial_weights: Literal["pretrained", "shuffled", "random"] = _setting(
        "pretrained",
        mark("Weights to start from"),
        mark(
            "Pre-trained; or, to see what pre-training is worth, the same weights shuffled within each matrix (as large, but without what they knew), "
            "or drawn at random as before any pre-training."
        ),
    )
    strategy: str = _setting(
        "head_only",
        mark("Strategy"),
        mark("Which weights learn; all others stay as they were pre-trained."),
        pattern=r"^(full|head_only|gradual|last_layers:[1-9]\d?|lora:[1-9]\d?)$",
    )
    head: Literal["linear", "pooler", "mlp"] = _setting(
        "linear", mark("Head"), mark("What stands on top of the encoder. The chapter's head is linear: z = hW + b.")
    )
    pooling: Literal["cls", "mean", "max", "last4"] = _setting(
        "cls",
        mark("What the head reads"),
        mark("The vector of [CLS], as in the chapter; the mean or the maximum over all tokens; or [CLS] of the last four layers, one after the other."),
    )
    head_learning_rate: float | None = _setting(
        None,
        mark("Learning rate of the head"),
        mark("How far each step moves the weights of the head. The head starts at random and bears a high rate."),
        gt=0,
        le=1,
    )
    learning_rate: float | None = _setting(
        None,
        mark("Learning rate of the body"),
        mark("How far each step moves the pre-trained weights. Too high a rate makes them forget what they knew."),
        gt=0,
        le=0.1,
    )
    layer_decay: float = _setting(
        1.0,
        mark("Rate from layer to layer"),
        mark("Each layer learns at the rate of the one above it times this: at 0.9 the lowest layers move least. 1: all alike."),
        gt=0,
        le=1,
    )
    epochs: int = _setting(5, mark("Epochs"), mark("How many times every training example is seen."), ge=1, le=200)
    batch_size: int = _setting(16, mark("Batch size"), mark("Examples per step: the gradient is their mean."), ge=1, le=256)
    batch_tokens: int = _setting(
        0,
        mark("Tokens per batch"),
        mark(
            "0: every batch has as many examples as the batch size says. Otherwise as many as fit in so many tokens: more short texts, fewer long ones."
        ),
        ge=0,
        le=65536,
    )
    max_length: int = _setting(
        128,
        mark("Maximum length"),
        mark("Sub-words per input, [CLS] and [SEP] included. Longer texts are cut; long sentences with tags are read in windows."),
        ge=8,
        le=512,
    )
    truncation: Literal["head", "tail", "both"] = _setting(
        "head",
        mark("What is kept of long texts"),
        mark("The beginning, the end, or a quarter of the room for the beginning and the rest for the end."),
    )
    dropout: float = _setting(
        0.1, mark("Dropout"), mark("Share of values set to zero at random while learning. Frozen layers have none."), ge=0, le=0.9
    )
    weight_decay: float = _setting(
        0.01, mark("Weight decay"), mark("Pulls the weights that learn towards zero at each step, except biases and LayerNorm."), ge=0, le=1
    )
    decay_towards: Literal["zero", "pretrained"] = _setting(
        "zero",
        mark("Weight decay pulls towards"),
        mark("Zero, as usual; or the weights as they were pre-trained, so that the model forgets less. Of the head, always zero."),
    )
    warmup_ratio: float = _setting(
        0.1, mark("Warm-up"), mark("Share of the steps in which the rate climbs from zero to its full value."), ge=0, le=1
    )
    schedule: Literal["linear", "constant"] = _setting(
        "linear", mark("Schedule"), mark("After warm-up the rate falls to zero in a straight line, or stays.")
    )
    max_grad_norm: float = _setting(
        1.0, mark("Gradient clipping"), mark("A longer gradient is shortened to this norm. 0: gradients stay as they are."), ge=0, le=100
    )
    bias_correction: bool = _setting(
        True,
        mark("Bias correction of Adam"),
        mark("Off, as in BERT's first code, the first steps are much longer: a known cause of failed runs."),
    )
    early_stopping_metric: Literal["validation_loss", "metric", "last"] = _setting(
        "metric",
        mark("Best model by"),
        mark(
            "What decides which evaluation was the best, and when to stop early. Always the last: it is kept, whatever it is, and no run stops early."
        ),
    )
    patience: int = _setting(
        3, mark("Patience"), mark("Evaluations without a new best before the run stops by itself. 0: never."), ge=0, le=100
    )
    validation_share: float = _setting(
        0.2, mark("Validation share"), mark("Share of the examples kept aside to measure, never to learn."), gt=0, lt=1
    )
    train_examples: int = _setting(
        0,
        mark("Examples to learn from"),
        mark("0: all that are not kept aside. Otherwise at most so many, each label with its share; what is measured with stays the same."),
        ge=0,
        le=1_000_000,
    )
    label_noise: float = _setting(
        0.0,
        mark("Wrong labels"),
        mark("Share of the training examples whose label is exchanged for another, to see what a model makes of mistakes. What is measured with keeps its labels."),
        ge=0,
        le=0.9,
    )
    measure_training: bool = _setting(
        False,
        mark("Measure on training examples too"),
        mark("At each evaluation up to 200 training examples are measured as well, without dropout: what is learnt by heart shows."),
    )
    label_all_pieces: bool = _setting(
        False, mark("Label every sub-word"), mark("Off: only the first sub-word of a word carries its tag.")
    )
    seed: int = _setting(
        0, mark("Seed"), mark("Where all chance comes from: split, order, head, dropout. Same seed, same run."), ge=0, le=2**31 - 1
    )

    @property
    def encoder_settings(self) -> dict[str, object]:
        """Returns the settings that determine the encoder before training; the seed is one if initial weights are random."""
        names = ("checkpoint", "first_layers", "initial_weights", *(("seed",) if self.initial_weights != "pretrained" else ()))
        return {name: getattr(self, name) for name in names}

    @property
    def body_rate(self) -> float:
        """Learning rate of the encoder's trainable weights."""
        return self.learning_rate if self.learning_rate is not None else default_rates(self.strategy)[1]

    @property
    def head_rate(self) -> float:
        """Learning rate of the head's weights."""
        return self.head_learning_rate if self.head_learning_rate is not None else default_rates(self.strategy)[0]


def suggest_epochs(examples: int) -> int:
    """Returns a number of epochs for a data set: 10 below 1,000 examples, so that there are enough steps, else 3."""
    return 10 if examples < 1000 else 3


def setting_title(field: str) -> str:
    """Returns the title of a setting, a message of the catalogue."""
    return RunConfig.model_fields[field].title or field


def setting_limits(field: str) -> tuple[float | None, float | None]:
    """Returns the (lowest, highest) value of a setting; None for no limit."""
    low = high = None
    for rule in RunConfig.model_fields[field].metadata:
        low = getattr(rule, "ge", getattr(rule, "gt", low))
        high = getattr(rule, "le", getattr(rule, "lt", high))
    return low, high


def validate(values: dict[str, Any]) -> RunConfig:
    """Validates settings by name. Raises ConfigError with all problems at once."""
    try:
        config = RunConfig(**values)
        problems = find_inapplicable(config.model_dump(), RunConfig.model_fields)
    except ValidationError as error:
        problems = tuple(_describe(detail) for detail in error.errors())
    if problems:
        raise ConfigError("{count} settings need another value.", problems, count=len(problems))
    return config


def _describe(detail: Mapping[str, Any]) -> UserError:
    name = str(detail["loc"][0])
    return describe_problem(detail, RunConfig.model_fields, setting_limits(name) if name in RunConfig.model_fields else (None, None))
