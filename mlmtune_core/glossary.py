"""The glossary: every term that the pages use, in one or two sentences."""

import unicodedata
from dataclasses import dataclass

from mlmtune_core.language import Translate, mark


@dataclass(frozen=True)
class Term:
    """A term, its meaning (both marked for translation), and the ids of related terms."""

    name: str
    meaning: str
    see: tuple[str, ...]


TERMS = {
    "accuracy": Term(mark("accuracy"), mark("Share of the answers that are right. Where one label is frequent it flatters: compare it with the baseline."), ("baseline", "macro_f1")),
    "adamw": Term(mark("AdamW"), mark("The optimizer used here: it turns gradients into steps, with a size that adapts to each weight by itself, and pulls weights towards zero apart from that."), ("gradient", "step", "weight_decay")),
    "attention": Term(mark("attention"), mark("The part of a layer by which every token takes something from the others: numbers that sum to 1 say how much from whom. It does not explain an answer."), ("layer", "token")),
    "baseline": Term(mark("baseline"), mark("What one reaches without reading the texts, for example by always saying the most frequent label. A model has to beat it before its score means anything."), ("majority_class",)),
    "batch": Term(mark("batch"), mark("The examples that one step learns from together; the gradient is the mean of theirs."), ("step", "gradient")),
    "calibration": Term(mark("calibration"), mark("Whether a model is right as often as it says: of the answers to which it gives 80 %, about 80 % should be right."), ("probability",)),
    "checkpoint": Term(mark("checkpoint"), mark("The weights of a model as they were saved at some moment, with its tokenizer. Training starts from one and can leave another."), ("weight", "tokenizer")),
    "cls": Term(mark("[CLS]"), mark("A mark that the tokenizer puts in front of every input. A head that classifies texts reads its vector alone, which by the last layer has taken something from all the others."), ("vector", "head", "sep")),
    "confusion_matrix": Term(mark("confusion matrix"), mark("A table with a row for each true label and a column for each predicted one. Right answers stand on the diagonal; every other cell is a kind of mistake."), ("label",)),
    "convergence": Term(mark("convergence"), mark("Training has converged once further steps hardly lower the loss. It may have done so at a bad place."), ("loss", "step")),
    "correlation": Term(mark("correlation"), mark("A number from −1 to 1 for how well predictions and truth go together: Pearson along a straight line, Spearman by their order alone. 0 is no connection."), ("baseline",)),
    "cross_entropy": Term(mark("cross-entropy"), mark("The loss of a model that gives probabilities: minus the natural logarithm of the one it gave to the true answer. Sure and right costs almost nothing, sure and wrong costs much."), ("loss", "nat", "probability")),
    "dropout": Term(mark("dropout"), mark("While it learns, a share of the values inside of the model is set to zero at random, others in each step, so that it cannot lean on a few of them. When it answers, nothing is dropped."), ("regularisation", "overfitting")),
    "early_stopping": Term(mark("early stopping"), mark("Training ends by itself once several evaluations in a row have brought no new best. The best model is kept, not the last one."), ("patience", "evaluation")),
    "embedding": Term(mark("embedding"), mark("The vector with which a token enters the model. Every token of the vocabulary has its own; the layers above then mix in what stands around it."), ("vector", "token", "vocabulary")),
    "encoder": Term(mark("encoder"), mark("The pre-trained body of the model: tokens go in, and for each token a vector comes out. BERT is an encoder."), ("layer", "vector", "head")),
    "entity": Term(mark("entity"), mark("A name in a text together with its type, such as a person or a place. It may be several words long."), ("tag", "entity_f1")),
    "entity_f1": Term(mark("entity F1"), mark("F1 over whole entities: one counts as found only if its first word, its last word and its type are right."), ("entity", "f1")),
    "entropy": Term(mark("entropy"), mark("How spread out probabilities are, here in bits: 0 where all of it is on one answer, highest where all answers get the same."), ("probability", "softmax")),
    "epoch": Term(mark("epoch"), mark("Once through all training examples. After five epochs each of them has been learnt from five times."), ("training_set", "step")),
    "evaluation": Term(mark("evaluation"), mark("A look at the validation examples without learning from them: loss and score as they are at that moment."), ("validation_set", "loss")),
    "f1": Term(mark("F1"), mark("One number from precision and recall, their harmonic mean: it is high only where both are high."), ("precision", "recall")),
    "fine_tuning": Term(mark("fine-tuning"), mark("Training a pre-trained model further on labelled examples of one task: a head on top, and as many of the layers below as one likes."), ("pre_training", "head", "frozen")),
    "frozen": Term(mark("frozen weights"), mark("Weights that do not learn: they get no gradient and stay bit for bit what they were."), ("weight", "gradient")),
    "generalisation": Term(mark("generalisation"), mark("Being right about texts that were never learnt from. This is what validation and test sets are there to measure."), ("validation_set", "test_set", "overfitting")),
    "gradient": Term(mark("gradient"), mark("For every weight, how much the loss would rise if that weight grew a little. A step goes against it, downhill."), ("loss", "weight", "step")),
    "gradient_clipping": Term(mark("gradient clipping"), mark("A gradient longer than a limit is shortened to it, so that one odd batch cannot throw the weights far."), ("gradient", "batch")),
    "head": Term(mark("head"), mark("The small part on top of the encoder that gives the answers of one task, here mostly a single linear layer, z = hW + b. It starts at random. (Attention heads are something else: parallel attentions inside of a layer.)"), ("encoder", "logit", "attention")),
    "integrated_gradients": Term(mark("integrated gradients"), mark("A way to share a logit out among the tokens: the gradients on a straight way from an empty input to this one, added up."), ("gradient", "logit", "occlusion")),
    "label": Term(mark("label"), mark("The answer that the data give for an example, and that the model is to learn to say."), ("tag", "training_set")),
    "layer": Term(mark("layer"), mark("One storey of the encoder: attention between the tokens, then a small network for each of them. The bundled model has six."), ("encoder", "attention")),
    "learning_rate": Term(mark("learning rate"), mark("How far a step moves the weights. Too low, and nothing is learnt in time; too high, and what was known is lost or training never settles."), ("step", "schedule", "warm_up")),
    "logit": Term(mark("logit"), mark("The raw number that the head gives to a label, of any size and either sign. Softmax or sigmoid makes a probability of it."), ("head", "softmax", "sigmoid")),
    "loss": Term(mark("loss"), mark("One number for how wrong the model is on an example or a batch; training is making it smaller. 0 would be perfect."), ("cross_entropy", "batch")),
    "macro_f1": Term(mark("macro F1"), mark("F1 of each label by itself, then the mean of these: rare labels count as much as frequent ones."), ("f1", "label")),
    "majority_class": Term(mark("majority class"), mark("The most frequent label of the data. Always saying it is the simplest baseline."), ("label", "baseline")),
    "mask": Term(mark("[MASK]"), mark("A mark that stands where a word is hidden. In pre-training the model has to guess what was there."), ("pre_training", "masked_model")),
    "masked_model": Term(mark("masked language model"), mark("A model that has learnt language by guessing hidden words from what stands on either side of them. BERT is one."), ("mask", "pre_training", "encoder")),
    "nat": Term(mark("nat"), mark("The unit of a loss that uses natural logarithms. Two labels at 50 % each cost ln 2, that is 0.69 nats."), ("cross_entropy", "loss")),
    "occlusion": Term(mark("occlusion"), mark("Hide one token and look how far the logit moves: what moves it much mattered much."), ("logit", "mask", "integrated_gradients")),
    "overfitting": Term(mark("overfitting"), mark("Learning the training examples by heart: their loss goes on falling while the validation loss rises."), ("generalisation", "loss", "validation_set")),
    "patience": Term(mark("patience"), mark("How many evaluations may pass without a new best before training stops by itself."), ("early_stopping", "evaluation")),
    "pca": Term(mark("PCA"), mark("A map of vectors on the two directions in which they differ most. Distances on it are true as far as two directions can show them."), ("vector", "tsne")),
    "pooler": Term(mark("pooler"), mark("A layer with tanh between the vector of [CLS] and a head. BERT brings one; here it is used only where that head is chosen."), ("cls", "head")),
    "pre_training": Term(mark("pre-training"), mark("The long first training on very much text without labels, in which a model such as BERT learns language by guessing masked words. Fine-tuning comes after it."), ("masked_model", "fine_tuning")),
    "precision": Term(mark("precision"), mark("Of all that the model called so, the share that really is so."), ("recall", "f1")),
    "probability": Term(mark("probability"), mark("How much of 100 % the model gives to an answer. This is what it says, not how often it is right."), ("softmax", "calibration")),
    "recall": Term(mark("recall"), mark("Of all that really is so, the share that the model found."), ("precision", "f1")),
    "regularisation": Term(mark("regularisation"), mark("Whatever keeps a model from learning by heart: dropout, weight decay, early stopping, frozen layers."), ("dropout", "weight_decay", "early_stopping", "frozen")),
    "run": Term(mark("run"), mark("One training from Start to its end, with its settings, data, curves and best model. Its address brings it back."), ("checkpoint",)),
    "schedule": Term(mark("schedule"), mark("How the learning rate changes from step to step: after the warm-up it falls to zero, or it stays."), ("learning_rate", "warm_up")),
    "seed": Term(mark("seed"), mark("The number from which all chance is drawn: split, order, first weights of the head, dropout. With another seed another score comes out, so one run proves little."), ("run", "dropout")),
    "sep": Term(mark("[SEP]"), mark("A mark behind every text; between two texts it says where the second one begins."), ("cls", "token")),
    "sigmoid": Term(mark("sigmoid"), mark("Turns one logit into a probability by itself: 0 becomes 50 %, large ones come near 100 %. For inputs that may have several labels at once."), ("logit", "probability", "softmax")),
    "softmax": Term(mark("softmax"), mark("Turns logits into probabilities: e to the power of each, divided by the sum of all of these. They are above 0 and sum to 1, and only differences between logits count."), ("logit", "probability", "temperature")),
    "step": Term(mark("step"), mark("One update of the weights: take a batch, measure the loss, find the gradient, move a little."), ("batch", "gradient", "learning_rate")),
    "sub_word": Term(mark("sub-word"), mark("A piece of a word. Words that the vocabulary does not have are cut into pieces that it has; ## says that a piece continues a word."), ("token", "vocabulary")),
    "tag": Term(mark("tag"), mark("The label of one word. B- begins an entity, I- continues it, and O stands outside of any."), ("label", "entity")),
    "temperature": Term(mark("temperature"), mark("What logits are divided by before the softmax: below 1 the probabilities become sharper, above 1 flatter. Their order stays."), ("logit", "softmax")),
    "test_set": Term(mark("test set"), mark("Examples that are looked at once, at the end. They have decided nothing, so their score is the honest one."), ("validation_set", "generalisation")),
    "token": Term(mark("token"), mark("What the model reads one by one, each known to it by a number: a sub-word, a punctuation sign, or a mark such as [CLS]."), ("sub_word", "tokenizer", "cls")),
    "tokenizer": Term(mark("tokenizer"), mark("Cuts a text into tokens and gives each its number. It belongs to its checkpoint: with another one the numbers would mean something else."), ("token", "vocabulary", "checkpoint")),
    "training_set": Term(mark("training set"), mark("The examples that are learnt from."), ("validation_set", "test_set")),
    "transfer": Term(mark("transfer learning"), mark("Using what was learnt in one task for another one: here from guessing words to the task of your data."), ("pre_training", "fine_tuning")),
    "tsne": Term(mark("t-SNE"), mark("A map of vectors that keeps neighbours together and little else: sizes of groups and the room between them mean nothing."), ("vector", "pca")),
    "validation_set": Term(mark("validation set"), mark("Examples kept aside to measure with while training goes on. Nothing is learnt from them, but they decide which model is the best and when to stop."), ("test_set", "evaluation", "early_stopping")),
    "vector": Term(mark("vector"), mark("A row of numbers. In the bundled model every token has one of 384 numbers, after each layer."), ("embedding", "token")),
    "vocabulary": Term(mark("vocabulary"), mark("All tokens that a tokenizer knows: 30,522 in the bundled model."), ("token", "tokenizer")),
    "warm_up": Term(mark("warm-up"), mark("The first steps, in which the learning rate climbs from zero to its full value, so that a head that is still random does not shake what lies below it."), ("learning_rate", "schedule")),
    "weight": Term(mark("weight"), mark("One of the numbers that make up a model, also called a parameter. Training changes them; the bundled model has 22.7 million."), ("gradient", "frozen")),
    "weight_decay": Term(mark("weight decay"), mark("Pulls the weights that learn a little towards zero in each step, so that none grows without need."), ("regularisation", "adamw")),
}


def list_terms(tr: Translate) -> list[Term]:
    """Returns all terms in a language, with `see` as names, sorted alphabetically, ignoring accents and brackets."""
    terms = [Term(tr(term.name), tr(term.meaning), tuple(tr(TERMS[other].name) for other in term.see)) for term in TERMS.values()]
    return sorted(terms, key=lambda term: _sort_key(term.name))


def _sort_key(text: str) -> str:
    """Returns the letters and digits of a text, in lower case without accents."""
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return "".join(character for character in decomposed if character.isalnum())
