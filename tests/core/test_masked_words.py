"""Masked words: what is hidden, the head that guesses it, a run on it, its checkpoint, and fill-mask as transformers has it."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import (
    AutoModelForMaskedLM,
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    DistilBertConfig,
    RobertaConfig,
    pipeline,
)

from mlmtune_core.__main__ import main
from mlmtune_core.config import validate
from mlmtune_core.errors import CheckpointError, LimitError, PeopleError, RunError
from mlmtune_core.exporting.model_folder import save_checkpoint
from mlmtune_core.inspecting.masked_words import fill, has_head
from mlmtune_core.inspecting.predicting import load_run, predict
from mlmtune_core.models import checkpoints
from mlmtune_core.models.masked_head import MaskedHead
from mlmtune_core.models.masking import IGNORE_INDEX, mask_tokens, unmask_tokens
from mlmtune_core.models.saved_checkpoints import find_saved
from mlmtune_core.people import PROGRAM, Person
from mlmtune_core.runs.kept_checkpoints import delete_checkpoint, list_checkpoints
from mlmtune_core.runs.limits import find_disk_mb, forget_disk_use
from mlmtune_core.runs.owned_runs import clean_by_age, find_head_run, plan_head, to_plain_texts
from mlmtune_core.runs.shelf import create_run
from mlmtune_core.tasks import masked_words
from mlmtune_core.tasks.base import Dataset
from mlmtune_core.workers import worker
from tests.conftest import KINDS, MASKED

pytestmark = pytest.mark.thorough
SENTENCE = "the [MASK] was [MASK] in lisbon"


def carry_out(run):
    return [event for event in worker.carry_out(run) if type(event).__name__ not in ("PhaseStarted", "Progress")]


def test_of_what_is_hidden_most_becomes_mask_some_is_wrong_and_some_stays():
    ids = [101, *range(1000, 1400), 102]
    asked = masked = stayed = 0
    for seed in range(100):
        seen, labels = mask_tokens(ids, {101, 102}, 103, np.arange(2000, 3000), np.random.default_rng(seed))
        places = [i for i, label in enumerate(labels) if label != IGNORE_INDEX]
        assert unmask_tokens(seen, labels) == ids and len(places) == 60 and not {0, len(ids) - 1} & {*places}
        assert all(seen[i] == ids[i] for i in range(len(ids)) if i not in places)
        asked += len(places)
        masked += sum(seen[i] == 103 for i in places)
        stayed += sum(seen[i] == ids[i] for i in places)
    assert masked / asked == pytest.approx(0.8, abs=0.02) and stayed / asked == pytest.approx(0.1, abs=0.02)


def test_hidden_words_differ_from_epoch_to_epoch_and_not_from_run_to_run(tiny_checkpoint):
    tokenizer = checkpoints.load_tokenizer(tiny_checkpoint)
    examples = masked_words.to_examples([{"row": i, "text": "the film was great and anna lives near rome " * 5} for i in range(4)])
    first, again = (masked_words.encode(examples, tokenizer, [], 24) for _ in range(2))
    assert first == again and len(first) > 4 and all(item.length <= 24 for item in first)
    epochs = [masked_words.redraw(first, tokenizer, 0, epoch) for epoch in (1, 2)]
    assert epochs[0] == masked_words.redraw(first, tokenizer, 0, 1) != epochs[1]
    assert masked_words.redraw(first, tokenizer, 1, 1) != epochs[0]
    for item, other in zip(first, epochs[1], strict=True):
        assert unmask_tokens(item.inputs["input_ids"], item.labels) == unmask_tokens(other.inputs["input_ids"], other.labels)


def test_the_head_is_that_of_the_checkpoint_and_its_loss_that_of_transformers(checkpoint_with_head):
    encoder, head = checkpoints.load_encoder(checkpoint_with_head, 0.0), MaskedHead()
    head.init_from(encoder)
    whole = AutoModelForMaskedLM.from_pretrained(checkpoint_with_head).eval()
    ids = torch.tensor([[2, 10, 4, 12, 3], [2, 4, 11, 3, 0]])
    labels = torch.tensor([[-100, -100, 20, 12, -100], [-100, 30, -100, -100, -100]])
    mask = (ids != 0).long()
    said = whole(input_ids=ids, attention_mask=mask, labels=labels)
    hidden = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    loss = masked_words.compute_loss(head(hidden, labels), {"labels": labels})
    assert head.pretrained and loss.item() == pytest.approx(said.loss.item(), abs=1e-5)
    assert torch.allclose(head.score(hidden[0]), said.logits[0], atol=1e-5)
    loss.backward(), said.loss.backward()
    assert torch.allclose(encoder.get_input_embeddings().weight.grad, whole.get_input_embeddings().weight.grad, atol=1e-5)
    assert head.tied == ("untied" not in checkpoint_with_head)


@pytest.mark.parametrize("kind", [RobertaConfig, DistilBertConfig])
def test_other_families_bring_their_own_head(kind, tmp_path):
    small = {"vocab_size": 60, "hidden_size": 16, "dim": 16, "num_hidden_layers": 2, "n_layers": 2, "num_attention_heads": 2, "n_heads": 2, "intermediate_size": 16, "hidden_dim": 16, "pad_token_id": 0}  # fmt: skip
    whole = AutoModelForMaskedLM.from_config(kind(**small)).eval()
    whole.save_pretrained(tmp_path)
    encoder, head = checkpoints.load_encoder(str(tmp_path), 0.0), MaskedHead()
    head.init_from(encoder)
    ids = torch.tensor([[5, 6, 7, 8]])
    assert head.pretrained
    assert torch.allclose(head.score(encoder(input_ids=ids).last_hidden_state[0]), whole(input_ids=ids).logits[0], atol=1e-5)


def test_a_checkpoint_without_a_head_is_told_by_its_weights(make_run, tiny_checkpoint, checkpoint_with_head):
    for checkpoint, there in ((tiny_checkpoint, False), (checkpoint_with_head, True)):
        run = make_run(checkpoint=checkpoint)
        carry_out(run)
        assert has_head(run.id) is there
    with pytest.raises(RunError, match="no head that guesses"):
        run = make_run()
        carry_out(run)
        fill(run.id, "", SENTENCE)


def test_candidates_equal_those_of_transformers_own_pipeline(make_run, checkpoint_with_head):
    run = make_run(checkpoint=checkpoint_with_head, strategy="full", learning_rate=1e-2)
    carry_out(run)
    theirs = pipeline("fill-mask", model=checkpoint_with_head, top_k=5)(SENTENCE)
    found = fill(run.id, "", SENTENCE, ["film", "unheard-of"], top=5)
    assert len(found["places"]) == 2 and list(found["unknown"]) == ["unheard-of"]
    for place, expected in zip(found["places"], theirs, strict=True):
        ours = sorted(place["candidates"], key=lambda each: each["before"]["rank"])[:5]
        assert [each["token"] for each in ours] == [each["token_str"] for each in expected]
        assert [each["before"]["probability"] for each in ours] == pytest.approx([each["score"] for each in expected], abs=1e-6)
        (asked,) = [each for each in place["candidates"] if each["asked"]]
        (target,) = pipeline("fill-mask", model=checkpoint_with_head, targets=["film"])(SENTENCE.replace("[MASK]", "was", 1))
        assert asked["token"] == target["token_str"] == "film"
        assert asked["before"]["probability"] != pytest.approx(asked["after"]["probability"], abs=1e-6)


def test_after_training_the_checkpoints_head_reads_the_body_of_the_run(make_run, checkpoint_with_head):
    run = make_run(checkpoint=checkpoint_with_head, strategy="full", learning_rate=1e-2)
    carry_out(run)
    whole = AutoModelForMaskedLM.from_pretrained(checkpoint_with_head).eval()
    whole.bert.load_state_dict(load_run(run).model.encoder.state_dict(), strict=False)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint_with_head)
    expected = pipeline("fill-mask", model=whole, tokenizer=tokenizer, top_k=3)("the [MASK] was great")
    ours = fill(run.id, "", "the [MASK] was great", top=3)["places"][0]["candidates"][:3]
    assert [each["token"] for each in ours] == [each["token_str"] for each in expected]
    assert [each["after"]["probability"] for each in ours] == pytest.approx([each["score"] for each in expected], abs=1e-6)


def test_sentences_that_cannot_be_asked(make_run, checkpoint_with_head):
    run = make_run(checkpoint=checkpoint_with_head)
    carry_out(run)
    with pytest.raises(RunError, match="no .MASK."):
        fill(run.id, "", "the film was great")
    with pytest.raises(RunError, match="at most 512"):
        fill(run.id, "", "[MASK] " + "film " * 600)


@pytest.fixture
def news(tiny_checkpoint):
    """news(**settings) -> a run on texts in which the words around a hidden one say which it is."""

    def make(owner="", **settings):
        texts = [f"{who} lives near {where} and works at acme" for who, where in (("anna", "rome"), ("bob", "lisbon"))] * 20
        frame = pd.DataFrame({"row": range(2, 42), "text": texts, "split": ["train"] * 30 + ["validation"] * 10})
        config = {"task": MASKED, "checkpoint": tiny_checkpoint, "batch_size": 8, "epochs": 20, "patience": 0, "learning_rate": 3e-3, "head_learning_rate": 0.05} | settings
        return create_run(validate(config), frame, {"name": "news", "fingerprint": "0", "columns": {}}, owner=owner)

    return make


def test_a_head_on_a_frozen_encoder_beats_unigrams_and_the_whole_learns_more(news):
    losses = {}
    for strategy in ("head_only", "full"):
        events = carry_out(news(strategy=strategy))
        started = events[0]
        measured = [event for event in events if type(event).__name__ == "EvalDone"]
        best = min(measured, key=lambda event: event.validation_loss)
        losses[strategy] = best.validation_loss
        assert best.validation_loss == pytest.approx(best.metrics["masked_loss"], abs=1e-5) and started.metric == "masked_loss"
        assert best.validation_loss < started.baseline < measured[0].validation_loss
        assert len(json.dumps(best.predictions)) < 100 * 10 * 30  # not a number for every word of the vocabulary
        assert all(event.unchanged for event in events if type(event).__name__ == "FrozenChecked")
    assert losses["full"] < 0.5 * losses["head_only"]


def test_unigrams_are_counted_by_hand(tiny_checkpoint):
    tokenizer = checkpoints.load_tokenizer(tiny_checkpoint)
    sets = []
    for texts in (["the the film", "bad film the"], ["the great film"]):
        examples = masked_words.to_examples([{"row": i, "text": text} for i, text in enumerate(texts)])
        sets.append(Dataset(examples, masked_words.encode(examples, tokenizer, [], 16), None, 13))
    the, film, great = tokenizer.convert_tokens_to_ids(["the", "film", "great"])
    asked = [[IGNORE_INDEX, the, great, film, IGNORE_INDEX]]
    others = Dataset(sets[1].examples, [type(sets[1].encoded[0])(0, {"input_ids": [2, 4, 4, 4, 3]}, labels) for labels in asked])
    said = masked_words.BASELINE(sets[0], others)[0]
    assert [answer[:2] for answer in said] == [(the, the), (great, the), (film, the)]
    assert [answer[2] for answer in said] == pytest.approx([-np.log(3 / 9), -np.log(3 / 9 / 10), -np.log(2 / 9)])


def test_equal_seeds_give_equal_events_and_a_pause_changes_nothing(news):
    first, again = (carry_out(news(strategy="full", epochs=3)) for _ in range(2))
    assert first == again
    run = news(strategy="full", epochs=3)
    seen = []
    for event in worker.carry_out(run):
        seen.append(event)
        if getattr(event, "step", 0) == 6 and type(event).__name__ == "StepDone":
            run.request("pause")
    run.reset()
    seen += list(worker.carry_out(run))
    steps = [event for event in first if type(event).__name__ in ("StepDone", "EvalDone")]
    resumed = [event for event in seen if type(event).__name__ in ("StepDone", "EvalDone")]
    assert "Resumed" in [type(event).__name__ for event in seen] and resumed == steps


def test_a_checkpoint_is_kept_opens_everywhere_and_a_run_starts_from_it(news, make_run):
    run = news(strategy="full", owner="ana")
    carry_out(run)
    ana = Person("ana", "Ana", admitted=True)
    name = save_checkpoint(run.id, "  My   news ", ana)
    kept = find_saved(name)
    assert kept.title == "My news" and {"config.json", "model.safetensors", "tokenizer.json"} <= {path.name for path in kept.folder.iterdir()}
    whole = AutoModelForMaskedLM.from_pretrained(kept.folder).eval()
    assert whole.config.hidden_dropout_prob == BertConfig().hidden_dropout_prob and isinstance(whole, BertForMaskedLM)
    expected = pipeline("fill-mask", model=str(kept.folder), top_k=1)("anna lives near [MASK] and works at acme")
    ours = fill(run.id, "", "anna lives near [MASK] and works at acme", top=1)["places"][0]["candidates"][0]
    assert ours["token"] == expected[0]["token_str"]
    assert ours["after"]["probability"] == pytest.approx(expected[0]["score"], abs=1e-5)
    later = make_run(checkpoint=name)
    carry_out(later)
    assert has_head(later.id) and later.state() == "finished"
    on = news(strategy="full", checkpoint=name)
    measured = [event.validation_loss for event in carry_out(on) if type(event).__name__ == "EvalDone"]
    best = min(row["validation_loss"] for row in run.events("EvalDone"))
    assert measured[0] == pytest.approx(best, abs=1e-4)  # the next stage goes on where the first one ended, its head included


def test_who_may_use_a_checkpoint_and_delete_it(news, monkeypatch):
    monkeypatch.setenv("MLMTUNE_CLASS_CODE", "chalk")
    run = news(epochs=1)
    carry_out(run)
    ana, bea, teacher = (Person(name, name, is_teacher=name == "eva", admitted=True) for name in ("ana", "bea", "eva"))
    own, shared = save_checkpoint(run.id, "mine", ana), save_checkpoint(run.id, "for all", teacher)
    assert [kept.name for kept in list_checkpoints(ana)] == [shared, own]
    assert [kept.name for kept in list_checkpoints(bea)] == [shared] and len(list_checkpoints(teacher)) == 2
    with pytest.raises(PeopleError):
        delete_checkpoint(own, bea)
    delete_checkpoint(own, ana)
    with pytest.raises(CheckpointError, match="no longer here"):
        checkpoints.find_folder(own)
    with pytest.raises(CheckpointError, match="no longer here"):
        checkpoints.find_folder("kept:../../data")


def test_a_checkpoint_is_whole_or_not_there_and_counts(news, home, monkeypatch):
    run = news(epochs=1)
    carry_out(run)
    with pytest.raises(CheckpointError, match="needs a name"):
        save_checkpoint(run.id, "  ", PROGRAM)
    monkeypatch.setenv("MLMTUNE_DISK_MB", "1")
    forget_disk_use()
    find_disk_mb()
    monkeypatch.setattr("mlmtune_core.runs.limits.find_disk_mb", lambda: 1)
    with pytest.raises(LimitError):
        save_checkpoint(run.id, "large", PROGRAM)
    monkeypatch.undo()
    monkeypatch.setenv("MLMTUNE_HOME", str(home))

    def break_off(*_):
        raise OSError("the disk is gone")

    monkeypatch.setattr("mlmtune_core.exporting.model_folder.write_checkpoint", break_off)
    with pytest.raises(OSError, match="gone"):
        save_checkpoint(run.id, "half", PROGRAM)
    assert not list((home / "checkpoints").iterdir()) and not list_checkpoints(PROGRAM)


def test_old_checkpoints_go_unless_a_run_began_with_them(news, make_run, monkeypatch):
    run = news(epochs=1)
    carry_out(run)
    used, idle = (save_checkpoint(run.id, title, PROGRAM) for title in ("used", "idle"))
    make_run(checkpoint=used)
    monkeypatch.setenv("MLMTUNE_KEEP_DAYS", "1")
    for name in (used, idle):
        about = find_saved(name).folder / "about.json"
        about.write_text(json.dumps(json.loads(about.read_text()) | {"made": 1.0}))
    clean_by_age(())
    assert [kept.name for kept in list_checkpoints(PROGRAM)] == [used]


@pytest.mark.parametrize("kind", KINDS)
def test_a_head_trained_on_the_texts_of_a_run_is_lent_to_it(make_run, frames, kind):
    run = make_run(task=kind, strategy="full", learning_rate=1e-2)
    carry_out(run)
    me = Person("me", admitted=True)
    assert find_head_run(run, me) is None
    texts = to_plain_texts(run.data())
    assert texts["text"].is_unique and set(texts["split"]) <= {"train", "validation"}
    texts = texts.assign(split=["validation", *["train"] * (len(texts) - 1)])
    head = create_run(plan_head(run.config()), texts, {"name": "texts", "fingerprint": "0", "columns": {}}, owner="me")
    carry_out(head)
    assert find_head_run(run, me).id == head.id and find_head_run(run, Person("you", admitted=True)) is None
    found = fill(run.id, head.id, "the [MASK] was great", top=3)
    own = fill(head.id, "", "the [MASK] was great", top=3)
    assert found["head"] == "run" and own["head"] == "own"
    before = {each["token"]: each["before"]["probability"] for each in found["places"][0]["candidates"]}
    after = {each["token"]: each["after"]["probability"] for each in own["places"][0]["candidates"]}
    shared = before.keys() & after.keys()
    assert shared and [before[token] for token in shared] == pytest.approx([after[token] for token in shared], abs=1e-5)
    assert before != {each["token"]: each["after"]["probability"] for each in found["places"][0]["candidates"]}


def test_a_head_of_another_checkpoint_is_refused(make_run, news, checkpoint_with_head):
    run = make_run()
    other = news(epochs=1, strategy="full")
    for each in (run, other):
        carry_out(each)
    with pytest.raises(RunError, match="another checkpoint"):
        fill(run.id, other.id, SENTENCE)


def test_asked_for_an_answer_it_says_what_it_hid(news):
    run = news(epochs=1)
    carry_out(run)
    answer = predict(run.id, "best", "anna lives near rome and works at acme")
    assert answer["view"] == "hidden" and len(answer["hidden"]) == 1 and 0 < answer["hidden"][0]["probability"] < 1


def test_the_command_line_trains_on_texts_and_says_what_it_guessed(tmp_path, tiny_checkpoint, capsys):
    file = tmp_path / "texts.txt"
    file.write_text("".join(f"anna lives near rome{', bob too' * (i % 3)} and works {i}\n" for i in range(12)), encoding="utf-8")
    options = ["--strategy", "full", "--epochs", "1", "--checkpoint", tiny_checkpoint, "--json"]
    assert main(["train", str(file), *options]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["task"] == MASKED and set(result["best"]["metrics"]) == {"masked_loss", "masked_accuracy"}
    assert main(["predict", result["run"], "--text", "anna lives near rome"]) == 0
    assert "guessed:" in capsys.readouterr().out
