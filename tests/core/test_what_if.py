"""What if the input were another: edits as a tree, masks that reach the model as one token, and what each edit changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmtune_core.data.words import find_words, rewrite_words, split_words
from mlmtune_core.inspecting import edit_tree, what_if
from mlmtune_core.inspecting.predicting import load_run, predict, typed_record
from mlmtune_core.runs.kept_weights import BEST
from mlmtune_core.workers.worker import run as carry_out
from tests.conftest import KINDS

MASK = "[MASK]"
TYPED = {
    "sentence_pair": ("the film was bad", "the film was fine"),
    "regression": ("the film was bad", "the film was fine"),
    "question_answering": ("who works", "Bob works at Acme"),
}


def labels(said, **probabilities):
    return {"view": "labels", "said": said, "probabilities": probabilities}


def test_a_mark_is_one_word_wherever_it_stands():
    assert split_words(f"a {MASK}, b", MASK) == ["a", MASK, ",", "b"] and split_words(f"a{MASK}b", MASK) == ["a", MASK, "b"]
    assert split_words(f"a {MASK}") == ["a", "[", "MASK", "]"] and split_words("<mask>!", "<mask>") == ["<mask>", "!"]
    assert rewrite_words("The U.S. met Rome.", ["the", "U.S."]) == ["The", "U.S.", "met", "Rome", "."]


@given(st.text(alphabet="ab '-.,[]MASK", max_size=30), st.data())
def test_masking_a_word_puts_one_mark_in_its_place_and_leaves_the_rest(text, data):
    words = edit_tree.words_of(text, MASK)
    if not words:
        return
    place = data.draw(st.integers(0, len(words) - 1))
    (masked,) = edit_tree.replace_word((text,), 0, place, MASK, MASK)
    start, end = find_words(text, MASK)[place]
    assert masked == text[:start] + MASK + text[end:] and masked.count(MASK) >= text.count(MASK)
    tagged = edit_tree.replace_word((tuple(words),), 0, place, MASK, MASK)
    assert tagged == ((*words[:place], MASK, *words[place + 1 :]),)
    assert len(edit_tree.replace_word((tuple(words),), 0, place, MASK)[0]) == len(words) - 1


def test_a_tree_grows_under_any_row_and_loses_whole_branches():
    rows = edit_tree.begin_tree(("a b c",))
    rows = edit_tree.add_row(rows, 0, "masked", (f"{MASK} b c",), "a")
    rows = edit_tree.add_row(rows, 1, "removed", (f"{MASK} c",), "b")
    rows = edit_tree.add_row(rows, 0, "typed", ("x",))
    assert edit_tree.add_row(rows, 0, "typed", ("a b c",)) == rows  # nothing changed
    answers = [labels("p", p=share) for share in (0.5, 0.75, 0.25, 0.5)]
    changes = edit_tree.follow(rows, answers, "p")
    assert [changes[i].change for i in range(4)] == [None, 0.25, -0.5, 0.0]
    assert [(row.id, depth) for row, depth in edit_tree.in_order(rows, changes)] == [(0, 0), (1, 1), (2, 2), (3, 1)]
    assert [row.id for row in edit_tree.remove_row(rows, 1)] == [0, 3] and edit_tree.remove_row(rows, 0) == rows
    assert edit_tree.find_row(rows, 99) == rows[0]


def test_every_word_in_turn_the_largest_change_first_and_no_more_rows_than_there_is_room_for():
    rows = edit_tree.mask_each(edit_tree.begin_tree((f"a b {MASK} c", "z")), 0, 0, MASK)
    assert [row.word for row in rows[1:]] == ["a", "b", "c"] and all(row.fields[1] == "z" for row in rows)
    changes = edit_tree.follow(rows, [labels("p", p=share) for share in (0.5, 0.4, 0.9, 0.2)], "p")
    assert [row.word for row, _ in edit_tree.in_order(rows, changes)] == ["", "b", "c", "a"]
    many = edit_tree.mask_each(edit_tree.begin_tree((tuple("a" * 99),)), 0, 0, MASK)
    assert len(many) == edit_tree.MOST_ROWS


def test_a_words_tag_is_followed_past_what_was_taken_away_and_changed_tags_are_named():
    def tagged(**shares):
        return {"view": "words", "words": [{"word": word, "label": "B" if share > 0.5 else "O", "probabilities": {"B": share, "O": 1 - share}} for word, share in shares.items()]}  # fmt: skip

    rows = edit_tree.begin_tree((("in", "Rome", "now"),))
    rows = edit_tree.add_row(rows, 0, "removed", (("Rome", "now"),), "in")
    rows = edit_tree.add_row(rows, 1, "removed", (("now",),), "Rome")
    answers = [{**tagged(**{"in": 0.1, "Rome": 0.9, "now": 0.2})}, tagged(Rome=0.4, now=0.7), tagged(now=0.1)]
    changes = edit_tree.follow(rows, answers, 1)
    assert changes[1].change == pytest.approx(-0.5) and changes[2].value is None and changes[2].change is None
    assert changes[1].tags == (("Rome", "B", "O"), ("now", "O", "B")) and changes[2].tags == (("now", "B", "O"),)


@pytest.mark.thorough
@pytest.mark.parametrize("kind", KINDS)
def test_a_mask_reaches_the_model_as_one_token_and_answers_are_those_of_one_input(make_run, kind):
    run = make_run(task=kind)
    carry_out(run.id)
    typed = TYPED.get(kind, ("Anna works at Acme in Rome.",))
    opened = what_if.open_fields(run.id, BEST, "typed", *typed)
    part, fields = len(typed) - 1, opened["fields"]
    assert opened["mask"] == MASK and len(opened["roles"]) == len(fields) == len(typed)
    trained = load_run(run)
    masked = edit_tree.replace_word(fields, part, 1, MASK, MASK)
    _, (whole,) = trained.encode([typed_record(trained, fields)])
    _, (item,) = trained.encode([typed_record(trained, masked)])
    mask_id = trained.tokenizer.mask_token_id
    assert item.inputs["input_ids"].count(mask_id) == 1 and mask_id not in whole.inputs["input_ids"]
    if kind == "token_classification":
        assert item.words.count(1) == 1 and item.inputs["input_ids"][item.words.index(1)] == mask_id
    answers = what_if.answer_rows(run.id, BEST, (fields, masked))
    for each, answer in zip((fields, masked), answers, strict=True):
        alone = predict(run.id, BEST, *each)
        for name in ("probabilities", "value", "answer"):
            said = {"value": answer.get("said"), "answer": answer.get("said")}.get(name, answer.get(name))
            assert name not in alone or said == pytest.approx(alone[name])
        if "words" in alone:
            assert [word["probabilities"] for word in answer["words"]] == [word["probabilities"] for word in alone["words"]]
    if kind == "token_classification":  # typed as one sentence or as words: the same
        sentence = " ".join(masked[0])
        assert what_if.answer_rows(run.id, BEST, (what_if.open_fields(run.id, BEST, "typed", sentence)["fields"],)) == answers[1:]


@pytest.mark.thorough
def test_an_example_opens_with_its_own_words(make_run):
    run = make_run(task="token_classification", with_test=True)
    carry_out(run.id)
    record = run.data().query("split == 'test'").iloc[0]
    assert what_if.open_fields(run.id, BEST, "example", int(record["row"]), "test")["fields"] == (tuple(record["words"]),)
