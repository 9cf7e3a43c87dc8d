"""What the steps of a redone run are for, in a few sentences each"""

from mlmtune_core.config import RunConfig
from mlmtune_core.strategies import parse_strategy
from mlmtune_core.tasks import TASKS
from mlmtune_core.translating import Translate


def say_how_to_run(tr: Translate) -> str:
    """What is needed, and where the checkpoint can be named."""
    return tr(
        "Trains the same model on the same examples as the run in mlmtune, with plain transformers and torch; mlmtune is not needed. Chance falls differently, so the scores come out a little differently, as with another seed. Needed: torch, transformers, and matplotlib for the notebook; examples.jsonl beside this file. CHECKPOINT may be a folder or a name on the Hub; the script takes it as an argument, and another seed as --seed."
    )  # fmt: skip


def explain_steps(config: RunConfig, tr: Translate) -> dict[str, tuple[str, str]]:
    """step -> (title, explanation)."""
    task = TASKS[config.task]
    return {
        "settings": (tr("Settings"), tr("The settings of the run. Change one, run everything again, and see what it does.")),
        "examples": (
            tr("Examples"),
            tr("Every line of the file is one example. The model learns from `train`; `validation` is only measured with, after each epoch; `test`, where there is one, only once at the end."),
        ),
        "tokens": (
            tr("From text to numbers"),
            tr("The tokenizer cuts words into sub-words that the checkpoint knows, and puts [CLS] in front and [SEP] behind. The model reads their numbers. The line below shows the first example."),
        ),
        "encoder": (
            tr("The encoder"),
            tr("The pre-trained model: token ids in, one vector for each token out. The seed fixes whatever is left to chance from here on."),
        ),
        "head": (tr("The head"), _explain_head(task.LABELS_ARE, tr)),
        "freezing": (tr("What learns"), _explain_freezing(config, tr)),
        "loss": (tr("Loss and score"), _explain_loss(task.LABELS_ARE, tr)),
        "optimizer": (tr("Batches, optimizer, schedule"), _explain_optimizer(config, tr)),
        "train": (
            tr("Training"),
            tr("For every batch: logits, loss, gradient, one step. After each epoch the validation examples are measured. The best weights are kept, and training ends early where no epoch has been better for a while."),
        ),
        "curves": (
            tr("The curves"),
            tr("While both losses fall, the model learns something that holds for new texts too. Where the validation loss climbs and the training loss still falls, it learns the training examples by heart."),
        ),
        "best": (tr("The best model"), tr("The weights of the best epoch are put back and measured once more, and the model says something about the first validation examples.")),
    }  # fmt: skip


def _explain_head(labels_are: str, tr: Translate) -> str:
    if labels_are == "one per token":
        return tr("A linear layer that begins with small random numbers. It turns the vector of every token into one number for each tag: the logits, $z = hW + b$.")  # fmt: skip
    if labels_are == "one span":
        return tr("A linear layer that begins with small random numbers. It turns the vector of every token into two numbers: how well the answer could start there, and how well it could end there, $z = hW + b$.")  # fmt: skip
    if labels_are == "one number":
        return tr("What turns the vector of [CLS] into one number, $z = hW + b$. It begins with small random numbers.")
    return tr("What turns the vector of [CLS] into one number for each label: the logits, $z = hW + b$. It begins with small random numbers.")  # fmt: skip


def _explain_freezing(config: RunConfig, tr: Translate) -> str:
    name, count = parse_strategy(config.strategy)
    if name == "full":
        return tr("**Full fine-tuning**: every weight learns.")
    if name == "head_only":
        return tr("**Only the head learns**; the encoder stays as it was pre-trained. What is frozen gets no gradient, and runs without dropout.")  # fmt: skip
    return tr("**The head and the last {count} layers learn**; what lies below stays as it was pre-trained. What is frozen gets no gradient, and runs without dropout.").format(count=count)  # fmt: skip


def _explain_optimizer(config: RunConfig, tr: Translate) -> str:
    told = [tr("A batch is what one step learns from. AdamW moves the weights, those of the head and those of the body each at their own rate; both climb during the warm-up and then follow the schedule. The order of all batches is drawn now, so that the number of steps is known.")]
    if config.layer_decay != 1:
        told.append(tr("Of the body every layer learns at LAYER_DECAY times the rate of the one above it."))
    if config.decay_towards == "pretrained":
        told.append(tr("Weight decay pulls the matrices of the encoder towards what they were when they were pre-trained, those of the head towards zero."))
    if not config.bias_correction:
        told.append(tr("The moments of AdamW are not corrected for having begun at zero, as in BERT's first code: the first steps are longer."))
    return " ".join(told)  # fmt: skip


def _explain_loss(labels_are: str, tr: Translate) -> str:
    if labels_are == "one number":
        return tr("The loss is what training makes smaller: the mean squared difference. The score is what people ask for: how well prediction and truth go together (Pearson).")  # fmt: skip
    if labels_are == "one per token":
        return tr("The loss is what training makes smaller: the cross-entropy of every word's tag. The score counts whole entities: first word, last word and type must be right.")  # fmt: skip
    if labels_are == "one span":
        return tr("The loss is what training makes smaller: the cross-entropies of where the answer starts and ends. The score compares the words of the answers.")  # fmt: skip
    return tr("The loss is what training makes smaller: the cross-entropy. The score is what people ask for: the share of right answers.")  # fmt: skip
