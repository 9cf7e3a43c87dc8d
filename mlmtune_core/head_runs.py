"""The texts of a run, to guess words in; and the runs that trained a head for it on its checkpoint, the encoder frozen"""

import pandas as pd

from mlmtune_core.config import RunConfig, validate
from mlmtune_core.data.checking import texts_of
from mlmtune_core.people import Person
from mlmtune_core.run_store import Run
from mlmtune_core.runs_kept import runs_of

EPOCHS = 10


def as_texts(examples: pd.DataFrame) -> pd.DataFrame:
    """Examples of any task as texts alone: `row`, `text`, and `split` where there is one; each text once."""
    kept = [name for name in ("row", "split") if name in examples]
    texts = examples[kept].assign(text=texts_of(examples))
    return texts.drop_duplicates("text").reset_index(drop=True)


def plan_head(config: RunConfig) -> RunConfig:
    """The settings that train a head for masked words on the checkpoint of a run as it is."""
    shared = {name: getattr(config, name) for name in ("checkpoint", "first_layers", "initial_weights", "max_length", "seed")}
    return validate({"task": "masked_words", "strategy": "head_only", "epochs": EPOCHS, **shared})


def find_head_run(run: Run, person: Person) -> Run | None:
    """The newest run that trains, or has trained, such a head: of this person, or of whose run this is."""
    config = run.config()
    runs = [each for owner in dict.fromkeys((person.id, run.owner())) for each in runs_of(owner)]
    found = [each for each in runs if _fits(each.config(), config) and each.state() != "failed"]
    return max(found, key=lambda each: each.about()["created"], default=None)


def _fits(found: RunConfig, config: RunConfig) -> bool:
    """Whether such a run trains a head for masked words on the encoder that `config` begins with."""
    return (found.task, found.strategy) == ("masked_words", "head_only") and found.encoder_settings == config.encoder_settings
