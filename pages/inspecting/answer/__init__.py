"""One answer, drawn for each kind of task.

    logit_bars   The logit of every label as a bar, with its probability beside it.
    pieces       The choice between words and sub-words.
    span         The answer in its context: start and end probability of every token, and the best spans.
    table        An answer as a table: all numbers, sortable and downloadable, probabilities as bars.
    temperature  The temperature of the softmax: a slider over the logits that are there; the answer stays.
    view         The answer to one input: logits beside probabilities, a number, words or a span, and the table.
    words        Words with tags, or their sub-words, each with its softmax, and which one counts.
"""
