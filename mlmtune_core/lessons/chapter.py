"""The chapter's statements, word by word, under their numbers in the chapter.

The chapter's own Portuguese wording is in the translation catalogue; the English here is translated from it. Lemma 5.2 and Theorem 5.2
are different statements.
"""

from dataclasses import dataclass

from mlmtune_core.language import mark


@dataclass(frozen=True)
class Statement:
    """A statement of the chapter: its title and its text."""

    name: str
    sentence: str


STATEMENTS: dict[str, Statement] = {
    "L5": Statement(
        mark("Lemma 5 (efficiency of fine-tuning)"),
        mark(
            "By building on the knowledge that the model acquired in pre-training, fine-tuning drastically reduces the amount of annotated data "
            "needed to perform well on specific downstream tasks."
        ),
    ),
    "L5.1": Statement(
        mark("Lemma 5.1 (transfer learning)"),
        mark(
            "Fine-tuning is an example of transfer learning: the knowledge learnt in one task (pre-training) is transferred and applied to solve "
            "a different task (fine-tuning)."
        ),
    ),
    "L5.2": Statement(
        mark("Lemma 5.2 (convergence of fine-tuning)"),
        mark(
            "Fine-tuning tends to converge faster than training a model from scratch, since its parameters start from a pre-trained model."
        ),
    ),
    "T4": Statement(
        mark("Theorem 4 (representation of the [CLS] token)"),
        mark(
            "The vector of the [CLS] token, learnt in pre-training, encapsulates the relevant information of the whole input sequence, which makes it "
            "an effective representation for sequence classification."
        ),
    ),
    "T4.1": Statement(
        mark("Theorem 4.1 (generalisation through [CLS])"),
        mark(
            "Using the [CLS] vector to classify pairs of sentences lets the model generalise its understanding of text to complex problems, such as "
            "logical inference between sentences."
        ),
    ),
    "T4.2": Statement(
        mark("Theorem 4.2 (adaptability of [CLS] to pairs of sequences)"),
        mark(
            "The representation of the [CLS] token adapts not only to single sequences but also to pairs of sequences, by gathering information from "
            "both, separated by a [SEP] token."
        ),
    ),
    "Cor5": Statement(
        mark("Corollary 5 (adaptability of fine-tuning)"),
        mark(
            "The ability to tune classification or regression layers added on top of the pre-trained model lets the MLM be adapted to a variety of tasks, "
            "from text classification to sequence labelling, at a computational cost that is low compared with training the model from scratch."
        ),
    ),
    "T5": Statement(
        mark("Theorem 5 (trade-off between fine-tuning and overfitting)"),
        mark(
            "Choosing between full, selective and layer-wise fine-tuning is a trade-off between the capacity to adapt the model to the task and the risk of "
            "overfitting the training data."
        ),
    ),
    "T5.1": Statement(
        mark("Theorem 5.1 (regularisation and stability of fine-tuning)"),
        mark(
            "Regularisation techniques such as dropout, weight decay and early stopping improve the generalisation of the model during fine-tuning and prevent "
            "overfitting, which results in models that are more stable and perform better."
        ),
    ),
    "T5.2": Statement(
        mark("Theorem 5.2 (impact of the learning rate on fine-tuning)"),
        mark(
            "The choice of a suitable learning rate is crucial for successful fine-tuning. Learning rates that are too high can make training unstable, and rates "
            "that are too low can lead to slow convergence or to suboptimal local minima."
        ),
    ),
    "Cor6": Statement(
        mark("Corollary 6 (versatility of fine-tuning)"),
        mark(
            "The versatility of fine-tuning lets pre-trained models be adapted to a great variety of language processing tasks, which demonstrates their power and "
            "their general applicability."
        ),
    ),
    "C6.1": Statement(
        mark("Corollary 6.1 (customisation of fine-tuning)"),
        mark(
            "Being able to adapt the architecture of the added layers and the fine-tuning strategy allows pre-trained models to be customised for highly "
            "specialised and specific tasks."
        ),
    ),
}
BEYOND: dict[str, str] = {  # topics of lessons that are not statements of the chapter
    "11.4": mark("Sections 11.4.1 and 11.4.2: one text or two"),
    "11.5": mark("Section 11.5: labelling sequences"),
    "11.5.3": mark("Section 11.5.3: the labelling layer and its training"),
    "method": mark("Method: how such questions are answered"),
}
