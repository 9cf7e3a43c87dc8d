"""Lessons about what a model knows, reads and rests on: every verdict can be reached, and every measure finds what was planted."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mlmtune_core.config import validate
from mlmtune_core.lessons import LESSONS
from mlmtune_core.lessons.data import open_lesson_data, take_evenly
from mlmtune_core.lessons.experiments import lesson_07_custom_heads, lesson_07b_five_tasks
from mlmtune_core.lessons.measures import MEASURES, reasons, tags, vectors, words
from mlmtune_core.lessons.outcomes import Outcome, Outcomes
from mlmtune_core.lessons.running import to_score_terms
from mlmtune_core.lessons.verdicts import INCONCLUSIVE, NOT_SUPPORTED, SUPPORTED, Verdict, find_weakest
from mlmtune_core.runs.sweeps import make_grid
from mlmtune_core.tasks import metrics

MINE = ("3", "3b", "7", "7b", "8", "9", "9b", "11")
KINDS = (SUPPORTED, NOT_SUPPORTED, INCONCLUSIVE)
SEEDS = range(5)


def judge(lesson, claim, outcomes):
    return next(each for each in LESSONS[lesson].claims if each.id == claim).judge(Outcomes(tuple(outcomes)))


def outcome(arm, seed, task="sequence_classification", counts=(), rows=(), **measured):
    return Outcome(arm, seed, validate({"task": task}).model_dump(), "finished", 1.0, list(rows), [list(each) for each in counts], measured)


def noisy(mean, seed, examples, spread=0.3):
    """One number an example; of the same seed, and about `mean`."""
    return (mean + np.random.default_rng([seed, int(1000 * abs(mean))]).normal(0, spread, examples)).tolist()


def right(share, seed, examples=400):
    """(right, 1) of every example, hard ones the same in every run."""
    hard = np.random.default_rng(1).permutation(examples) / examples
    luck = np.random.default_rng([2, seed]).normal(0, 0.02, examples)
    return [[float(one), 1.0] for one in hard + luck < share]


@pytest.mark.parametrize("name", MINE)
def test_a_lesson_can_be_planned_and_drawn_and_every_verdict_was_foreseen_by_somebody(name):
    lesson = LESSONS[name]
    assert {kind for option in lesson.options for kind in option.kinds} == set(KINDS) and len(lesson.tasks) == 3
    assert set(lesson.measures) <= set(MEASURES) and set(lesson.figure.names) <= set(lesson.measures)
    assert [lesson.config(arm, seed=1).seed for arm in lesson.arms] == [1] * len(lesson.arms)
    assert 1 < len(make_grid({**lesson.settings, **lesson.what_if.settings}, lesson.what_if.choices)) <= 12


def test_arms_on_variants_of_the_pairs_are_asked_about_the_same_examples():
    tests = [data[data["split"] == "test"] for data in map(open_lesson_data, ("nli", "nli_second", "nli_swapped", "nli_merged"))]
    assert all(data["row"].tolist() == tests[0]["row"].tolist() and data["label"].tolist() == tests[0]["label"].tolist() for data in tests)


WITHIN = [
    ("3", "gain", "full", "probe_cls_after", "probe_cls_before", 0.2),
    ("3", "after", "full", "probe_cls_after", "probe_mean_after", 0.2),
    ("3", "before", "full", "probe_cls_before", "probe_mean_before", 0.2),
    ("3b", "content", "full", "shift_content", "shift_function", 0.5),
    ("9", "legal", "first", "illegal_before", "illegal_after", 0.2),
    ("11", "gradients", "full", "fall_gradients", "fall_random", 0.5),
    ("11", "occlusion", "full", "fall_occlusion", "fall_random", 0.5),
    ("11", "attention", "full", "fall_attention", "fall_gradients", 0.5),
]


@pytest.mark.parametrize(("lesson", "claim", "arm", "one", "other", "effect"), WITHIN)
def test_claims_about_one_model_can_come_out_in_every_way(lesson, claim, arm, one, other, effect):
    def found(more, examples=200):
        return judge(lesson, claim, [outcome(arm, seed, **{one: noisy(1 + more, seed, examples), other: noisy(1, 9 + seed, examples)}) for seed in SEEDS]).kind

    assert (found(effect), found(-effect), found(0.0, examples=12)) == KINDS


@pytest.mark.parametrize(("lesson", "claim", "one", "other"), [("8", "both", "pair", "second"), ("8", "separated", "pair", "merged"), ("9", "first", "first", "all")])
def test_claims_about_two_arms_can_come_out_in_every_way(lesson, claim, one, other):
    task = "token_classification" if lesson == "9" else "sequence_classification"

    def found(share, examples=400):
        sides = ((one, share), (other, 0.6))
        return judge(lesson, claim, [outcome(arm, seed, task, right(level, seed + 7 * (arm == one), examples)) for arm, level in sides for seed in SEEDS]).kind

    few = [outcome(arm, seed, task, [[float(value), 1.0] for value in np.random.default_rng([seed, ord(arm[0])]).random(30) < 0.6]) for arm in (one, other) for seed in SEEDS]
    assert (found(0.8), found(0.4), judge(lesson, claim, few).kind) == KINDS


def evaluations(*losses):
    return [{"kind": "EvalDone", "step": 10 * i, "validation_loss": loss} for i, loss in enumerate(losses)]


def test_a_head_has_trained_where_its_loss_fell_in_every_seed_and_the_slowest_speaks_for_all():
    heads = LESSONS["7"].arms

    def trained(*last_of_mlp):
        runs = [outcome(arm.id, seed, rows=evaluations(1.6, 1.7, last_of_mlp[seed] if arm.id == "mlp" else 0.8)) for arm in heads for seed in range(3)]
        return judge("7", "trained", runs)

    assert [trained(*last).kind for last in ((1.0, 1.0, 1.0), (1.6, 1.6, 1.59), (1.0, 1.6, 1.0))] == list(KINDS)
    assert trained(1.2, 1.2, 1.2).effect == pytest.approx(0.25)
    assert lesson_07_custom_heads.find_loss_drop(outcome("mlp", 0)) == 0


def test_one_head_that_costs_much_decides_against_customising_for_free():
    def level(worst):
        return judge("7", "level", [outcome(arm.id, seed, counts=right(worst if arm.id == "last4" else 0.8, seed)) for arm in LESSONS["7"].arms for seed in SEEDS])

    assert level(0.8).kind == SUPPORTED
    assert level(0.6).kind == NOT_SUPPORTED and level(0.6).effect == pytest.approx(-0.2, abs=0.01)


def test_the_weakest_speaks_for_all():
    kinds = {kind: Verdict(kind, 0.0, low, 1.0, 0.05, 0.0, 5, 10) for kind, low in ((SUPPORTED, 0.06), (INCONCLUSIVE, 0.01), (NOT_SUPPORTED, -0.1))}
    assert find_weakest([kinds[SUPPORTED], kinds[INCONCLUSIVE]]).kind == INCONCLUSIVE
    assert find_weakest(list(kinds.values())).kind == NOT_SUPPORTED
    high_bar = Verdict(SUPPORTED, 0.3, 0.16, 0.4, 0.15, 0.0, 5, 10)
    low_bar = Verdict(SUPPORTED, 0.2, 0.12, 0.3, 0.05, 0.0, 5, 10)
    assert find_weakest([low_bar, high_bar]) is high_bar


TASKS = {"label": "sequence_classification", "pair": "sentence_pair", "tags": "token_classification", "number": "regression", "span": "question_answering"}
TRIVIAL = {"label": 0.5, "pair": 0.33, "tags": 0.0, "number": 0.0, "span": 0.04}


def five(knows):
    """Runs of all five tasks; `knows`: which of them say the truth, while the others say what the trivial predictor says. Sizes differ."""
    random = np.random.default_rng(3)
    truths = {
        "label": (["a", "b"] * 40, ["a"] * 80),
        "pair": (["a", "b", "c"] * 25, ["a"] * 75),
        "tags": ([["B-PER", "O", "O"]] * 30, [["O"] * 3] * 30),
        "number": (random.normal(size=60).tolist(), [0.1] * 60),
        "span": ([["two words"]] * 45, [""] * 45),
    }
    runs = []
    for arm, (true, trivial) in truths.items():
        said = [one[0] if arm == "span" else one for one in true] if arm in knows else trivial
        counts = to_score_terms(validate({"task": TASKS[arm]}), true, said)
        metric = outcome(arm, 0, TASKS[arm]).metric
        rows = [{"kind": "Tested", "metrics": {}, "baseline": {metric: TRIVIAL[arm]}}]
        runs += [outcome(arm, seed, TASKS[arm], counts, rows) for seed in range(3)]
    return runs


def test_tasks_of_any_metric_are_each_judged_against_their_own_trivial_answer():
    every = five(TASKS)
    assert judge("7b", "all", every).kind == SUPPORTED
    nothing = five(())
    for arm in TASKS:
        verdict = judge("7b", arm, every)
        assert verdict.kind == SUPPORTED and verdict.effect == pytest.approx(1 - TRIVIAL[arm]), arm
        assert judge("7b", arm, nothing).kind != SUPPORTED, arm
    without = five(set(TASKS) - {"number"})
    weakest, spoken = judge("7b", "number", without), judge("7b", "all", without)
    assert replace(spoken, minimum=weakest.minimum) == weakest and spoken.kind == INCONCLUSIVE


def test_never_answering_does_not_pass_for_finding_spans():
    """Six of 45 questions have no answer: an empty answer to each is right there, and better than the first sentence."""
    questions = open_lesson_data("questions")
    accepted = [list(answers) for answers in questions[questions["split"] == "test"]["answer"]]
    counts = to_score_terms(validate({"task": "question_answering"}), accepted, [""] * len(accepted))
    rows = [{"kind": "Tested", "metrics": {}, "baseline": {"answer_f1": 0.036}}]
    silent = Outcomes(tuple(outcome("span", seed, "question_answering", counts, rows) for seed in SEEDS))
    verdict = lesson_07b_five_tasks.judge_task(silent, "span")
    assert 0.05 < verdict.effect < verdict.minimum - 0.04 and verdict.kind != SUPPORTED


def test_a_run_that_broke_off_has_the_trivial_score_of_its_beginning():
    assert outcome("label", 0, rows=[{"kind": "Started", "baseline": 0.4}]).baseline_score == 0.4 and outcome("label", 0).baseline_score == 0.0


@pytest.mark.parametrize(("words", "entities", "kind"), [(0.9, [0.1, 0.2, 0.3], SUPPORTED), (0.9, [0.85, 0.9, 0.88], NOT_SUPPORTED), (0.9, [0.1, 0.2, 0.7], INCONCLUSIVE)])
def test_the_two_scores_of_tags_lie_apart_or_do_not(words, entities, kind):
    runs = [outcome("head@1", seed, "token_classification", token_accuracy=words, entity_f1=entities[seed]) for seed in range(3)]
    assert judge("9b", "early", runs).kind == kind


def test_the_built_case_is_built_from_the_truth_and_does_what_it_is_built_for():
    frame = open_lesson_data("entities")
    run = SimpleNamespace(data=lambda: frame)
    words, entities = (tags.score_broken_entities(run, name) for name in ("token_accuracy", "entity_f1"))
    assert words > 0.94 and entities < 0.5
    runs = [outcome("head@1", seed, "token_classification", built_token_accuracy=words, built_entity_f1=entities) for seed in SEEDS]
    assert judge("9b", "built", runs).kind == SUPPORTED
    true = ["B-PER", "I-PER", "O", "B-LOC"]
    assert tags.break_entities(true) == ["B-PER", "B-PER", "O", "B-LOC"] and true[1] == "I-PER"
    assert metrics.entities([true], [tags.break_entities(true)])["entity_f1"] == pytest.approx(2 / 5)


@pytest.mark.parametrize(
    ("told", "share"),
    [("B-PER I-PER I-PER O", 0), ("I-PER I-PER O O", 1 / 4), ("B-PER I-LOC O I-LOC", 2 / 4), ("O O", 0), ("B-PER B-PER", 0)],
)
def test_a_tag_that_goes_on_with_nothing_is_illegal(told, share):
    assert tags.find_illegal_share(told.split()) == share


def test_rows_are_taken_from_the_whole_table_each_once():
    frame = pd.DataFrame({"label": ["a"] * 30 + ["b"] * 60 + ["c"] * 9})
    for wanted in (1, 7, 33, 98):
        taken = take_evenly(frame, wanted)
        assert len(taken) == wanted == taken.index.nunique() and taken.index.is_monotonic_increasing
    assert take_evenly(frame, 33)["label"].value_counts().tolist() == [20, 10, 3] and len(take_evenly(frame)) == 99


def test_a_probe_finds_what_a_vector_holds_and_nothing_else():
    random, labels = np.random.default_rng(0), ["a", "b"] * 60
    holds = random.normal(size=(120, 8)) + 4 * np.array([[label == "a"] + [False] * 7 for label in labels])
    empty = random.normal(size=(120, 8))
    scores = [np.mean(vectors.score_probe(each[:80], labels[:80], each[80:], labels[80:])) for each in (holds, empty)]
    assert scores[0] > 0.9 and scores[1] < 0.75


TEXT = "The price of oil rose sharply, and shares of BP fell by 3% in London"


def test_words_are_deleted_in_equal_number_and_nothing_else_changes():
    kinds = words.find_words_by_kind(TEXT)
    told = TEXT.split()
    assert [told[i] for i in kinds["function"]] == ["The", "of", "and", "of", "by", "in"] and len(kinds["content"]) == 9
    drawn = words.delete_words(TEXT, np.random.default_rng(0))
    for kind, texts in drawn.items():
        assert len(texts) == words.DRAWS and all(len(text.split()) == len(told) - 3 for text in texts)
        lost = {word for text in texts for word in told if text.split().count(word) < told.count(word)}
        assert lost <= {told[i] for i in kinds[kind]}
    assert words.delete_words("oil prices rise", np.random.default_rng(0)) == {"content": [], "function": []}


def test_a_model_that_counts_content_words_moves_without_them_alone():
    def ask(records):
        return [np.array([0.0, len(words.find_words_by_kind(record["text"])["content"])]) for record in records]

    records = [{"text": TEXT, "label": "x"}, {"text": "oil prices rise", "label": "x"}]
    assert words.measure_shifts(records, ask, np.random.default_rng(0)) == {"content": [3.0, 0.0], "function": [0.0, 0.0]}


def test_a_method_that_names_the_right_tokens_makes_the_logit_fall_most(monkeypatch):
    weights = np.array([0.0, 5, 4, 3, 0.1, 0.1, 0.1, 0.1, 0.0])
    monkeypatch.setattr(reasons, "open_places", lambda trained, target: list(range(1, 8)))
    monkeypatch.setattr(reasons, "find_drops", lambda trained, target, groups: [float(weights[list(places)].sum()) for places in groups])
    told = {"gradients": weights, "occlusion": weights, "attention": [9.0, *-weights[1:]]}
    monkeypatch.setattr(reasons, "METHODS", {name: lambda *_, values=values: values for name, values in told.items()})
    found = reasons.compare_methods(None, None, np.random.default_rng(0))
    assert found["gradients"] == found["occlusion"] == 12 and found["attention"] == pytest.approx(0.3) and 0.3 < found["random"] < 12


@pytest.mark.thorough
def test_every_measure_reads_a_finished_run_one_number_an_example_or_one_a_run(make_run):
    from mlmtune_core.workers.worker import run as carry_out

    for task, lessons in (("sequence_classification", ("3", "3b", "11")), ("token_classification", ("9", "9b"))):
        run = make_run(with_test=True, task=task, strategy="full", learning_rate=1e-3)
        carry_out(run.id)
        examples = len(run.predictions("test"))
        for name in {name for lesson in lessons for name in LESSONS[lesson].measures}:
            found = np.atleast_1d(MEASURES[name](run))
            assert len(found) in (1, examples) and np.isfinite(found).all(), name
        if task == "token_classification":
            assert tags.read_test_score(run, "entity_f1") == run.events("Tested")[-1]["metrics"]["entity_f1"]


def test_the_mean_of_all_tokens_leaves_padding_out(tiny_checkpoint):
    from mlmtune_core.inspecting.predicting import TaskModel
    from mlmtune_core.models.checkpoints import load_tokenizer
    from mlmtune_core.tasks import sequence_classification
    from mlmtune_core.training.assembly import make_model

    config, names = validate({"checkpoint": tiny_checkpoint}), ["neg", "pos"]
    trained = TaskModel(config, make_model(config, sequence_classification, names).eval(), load_tokenizer(tiny_checkpoint), names, [])
    records = [{"row": i, "text": text, "label": "pos"} for i, text in enumerate(("bad", "a great film was not bad at all"))]
    together = vectors.read_vectors(trained, records)
    for i, record in enumerate(records):
        for pooling, alone in vectors.read_vectors(trained, [record]).items():
            assert np.allclose(alone[0], together[pooling][i], atol=1e-5), pooling
    assert not np.allclose(together["cls"], together["mean"], atol=1e-2)
