"""Results of the command line as lines of text."""

from typing import Any


def show_train(result: dict[str, Any], tr: Any) -> str:
    """The result of train as a few lines."""
    lines = [
        f"{epoch['epoch']:3d}  train loss {epoch['train_loss']:.4f}  validation loss {epoch['validation_loss']:.4f}  "
        + "  ".join(f"{name} {value:.4f}" for name, value in epoch["metrics"].items())
        for epoch in result["epochs"]
    ]
    return "\n".join(
        [
            *lines,
            f"{result['trainable']:,} of {result['total']:,} weights learnt in {result['seconds']} s. Run: {result['run']}",
        ]
    )


def show_predict(result: Any, tr: Any) -> str:
    """The answer as a line per label, or per word."""
    if isinstance(result, list):
        return "\n".join(
            f"{word['word']:20} {word['label']:12} {word['probabilities'][word['label']]:.3f}" for word in result
        )
    if "value" in result:
        return f"{result['value']:.3f}"
    if "hidden" in result:
        return "\n".join(f"{each['true']:20} guessed: {each['said']:20} {each['probability']:.3f}" for each in result["hidden"])
    if "spans" in result:
        return "\n".join(f"{span['probability']:.3f}  {span['text'] or '(no answer)'}" for span in result["spans"])
    return "\n".join(
        f"{name:20} logit {result['logits'][name]:+.3f}  probability {value:.4f}"
        for name, value in sorted(result["probabilities"].items(), key=lambda pair: -pair[1])
    )


def show_check(result: dict[str, Any], tr: Any) -> str:
    """The report as a few lines."""
    lines = [
        f"{result['rows_kept']} of {result['rows_read']} rows can be used. Columns: {result['columns']}. Labels: {result['labels']}."
    ]
    return "\n".join(lines + [f"{problem['severity']}: {problem['message']}" for problem in result["problems"]])
