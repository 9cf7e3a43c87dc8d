"""From a file to checked, split examples. Start with preparation.
Limits of the server are not known here (see runs/limits).

    preparation     Prepares a file, uploaded or on disk: reads it, applies edits, maps columns, checks rows, samples examples.
    uploads         Uploaded files and bundled samples, stored by id so that a link can open them again.
    readers/        Readers of file formats. Start with table, which chooses among them.
    edits           Applies edits to a file's rows that can be undone: change a cell, rename a label, drop rows.
    columns         Maps columns to roles (text, label, words, answer, ...): guessed, or as the user chose.
    checking        Checks the rows of a file before training: keeps the usable ones, reports every problem with its rows.
    checking_spans  Checks for tasks whose answers have positions: a tag per word, a span of a context.
    tag_schemes     Recognises tag schemes (IOB1, BIO, BIOES, IO) and converts them to BIO.
    screening       Finds texts that are much longer than the others, in another language, or near duplicates.
    report          The result of a check: the problems with their rows, and the usable examples.
    splitting       Splits examples into training, validation and test: seeded, stratified, equal texts kept together.
    subsets         Reduces or mislabels training examples on purpose, seeded: a smaller subset is part of a larger one.
    words           Splits a typed sentence into words; special tokens such as [MASK] stay whole.
"""
