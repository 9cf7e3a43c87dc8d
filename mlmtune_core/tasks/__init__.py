"""One module per task; TASKS names them all. base is the protocol that each of them follows.

    base                     The task protocol: the names that every task module defines, in the order in which data flows.
    encoding                 Encodes texts, alone or in pairs, as token ids, truncated at a length, and tells what was lost.
    entity_errors            Entity errors by kind: boundary, type, both, missed, invented; every entity counted once.
    masked_words             Masked language modelling on texts without labels, BERT's pre-training task.
    metrics                  Metrics over whole validation sets: accuracy, F1, correlation, ...
    question_answering       One span per question: where in the context the answer is, if it is there.
    regression               One number per text or pair of texts: ratings, similarity.
    sentence_pair            One label per pair of texts: inference, paraphrase, entailment.
    sequence_classification  One label per text, or several: sentiment, topics, spam.
    spans                    Spans of a context: from characters to tokens, and from start and end logits back to characters.
    token_classification     One label per token: named entities and other spans in BIO tags, parts of speech.
"""

from types import ModuleType

from mlmtune_core.tasks import (
    masked_words,
    question_answering,
    regression,
    sentence_pair,
    sequence_classification,
    token_classification,
)

TASKS: dict[str, ModuleType] = {
    "sequence_classification": sequence_classification,
    "sentence_pair": sentence_pair,
    "token_classification": token_classification,
    "regression": regression,
    "question_answering": question_answering,
    "masked_words": masked_words,
}
