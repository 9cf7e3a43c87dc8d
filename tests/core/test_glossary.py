"""The glossary: every term in both languages, none twice, and whatever a meaning refers to is there to be read."""

import re

import pytest

from mlmtune_core.glossary import TERMS, list_terms
from mlmtune_core.language import LANGUAGES, translator

# what a student reads on the pages and has a right to look up
MET = """
logit, softmax, sigmoid, probability, temperature, entropy, token, sub-word, tokenizer, vocabulary, [CLS], [SEP], [MASK], embedding, vector,
encoder, layer, attention, head, pooler, checkpoint, weight, run, label, tag, entity, step, epoch, batch, loss, cross-entropy, nat, gradient,
gradient clipping, learning rate, warm-up, schedule, AdamW, dropout, weight decay, early stopping, patience, regularisation, overfitting,
generalisation, convergence, pre-training, fine-tuning, transfer learning, masked language model, frozen weights, training set, validation set,
test set, evaluation, accuracy, macro F1, entity F1, precision, recall, F1, baseline, majority class, confusion matrix, calibration, seed, PCA,
t-SNE, occlusion, integrated gradients
"""


def test_what_the_pages_speak_of_is_explained():
    assert not {*MET.replace("\n", " ").strip().split(", ")} - {term.name for term in TERMS.values()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_term_is_defined_once_and_in_every_language(language):
    terms = list_terms(translator(language))
    assert len(terms) == len(TERMS) == len({term.name.casefold() for term in terms}) == len({term.meaning for term in terms})
    assert all(term.name and term.meaning.endswith((".", ")")) and term.see for term in terms)
    if language != "en":
        assert not {term.meaning for term in terms} & {term.meaning for term in TERMS.values()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_a_meaning_refers_to_is_a_term(language):
    names = {term.name for term in list_terms(translator(language))}
    for key, term in TERMS.items():
        assert key not in term.see and set(term.see) <= set(TERMS), key
    for term in list_terms(translator(language)):
        assert set(term.see) <= names
        assert set(re.findall(r"\[[A-Z]+]", term.meaning)) <= names, term


def test_terms_stand_in_the_order_of_the_alphabet():
    names = [term.name for term in list_terms(translator("pt-BR"))]
    assert names.index("entropia") < names.index("época") < names.index("F1") < names.index("treino") and names.index("[CLS]") < names.index("codificador")
