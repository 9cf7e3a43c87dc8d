"""What the Watch page says of a run while it goes and after it, in both languages."""

import pytest

from mlmtune_core.events import EvalDone, Finished, Started, StepDone
from mlmtune_core.runs.heartbeats import beating
from tests.pages.test_pages import texts

SAID = {
    "en": ("too early to say", "**Crawling.** In 20 steps the loss went from 0.700 to 0.698", "ten times higher", "**Going well.**", "Accuracy: 90.0%"),
    "pt-BR": ("cedo para dizer", "**Arrasta-se.** Em 20 passos a perda foi de 0,700 para 0,698", "dez vezes maior", "**Vai bem.**", "Acurácia: 90,0%"),
}  # fmt: skip


def epoch(number, loss, score):
    """Ten updates and an evaluation."""
    steps = [StepDone(number * 10 - 9 + i, number - 0.9 + i / 10, loss, 16, 1e-5, 1e-5, 0.1) for i in range(10)]
    return [*steps, EvalDone(number * 10, number, loss, loss, {"accuracy": score}, False, None, top_share=0.6)]


@pytest.mark.parametrize("language", SAID)
def test_the_watch_page_says_what_a_run_is_like(open_page, make_run, language):
    early, crawling, advice, well, score = SAID[language]
    run = make_run(strategy="full")
    run.append(
        Started("sequence_classification", "full", 1, 1, 6, 2, 5, 10, 50, "accuracy", 0.5, ("a", "b"), "cpu", 1, 0.6931)
    )
    run.append(EvalDone(0, 0.0, None, 0.7, {"accuracy": 0.5}, False, None, top_share=0.6))
    with beating([run.heartbeat_file]):
        assert early in texts(open_page("watch", language, run=run.id))
        run.append(*epoch(1, 0.699, 0.5), *epoch(2, 0.698, 0.5))
        (box,) = open_page("watch", language, run=run.id).warning
        assert crawling in box.value and advice in box.value and box.icon == ":material/hourglass_bottom:"
        run.append(*epoch(3, 0.5, 0.8), *epoch(4, 0.3, 0.9), Finished("epochs_done"))
    run.finish({"reason": "epochs_done", "best": {}, "seconds": 1.0})
    app = open_page("watch", language, run=run.id)
    assert well in texts(app) and score in texts(app) and not app.warning
