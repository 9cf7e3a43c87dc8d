"""Upload or choose data, repair it, read the report.

    page        The page of data: upload or choose, map columns, read the report, see tokens.
    preview     What the model will read: tokens of some examples, labels, lengths, truncation, the split.
    reading     How a file is read and which column is what: guessed, shown, and open to correction.
    report      The report on the data: counts, and each problem with its rows and a download of them.
    row_editor  The rows of a file as a table to repair: cells, labels, rows dropped; every change can be undone.
    side_files  Files to evaluate on: a second file as validation set, a third as test set.
    upload      How data come in: a file, pasted rows, or the name of a data set on the Hub.
"""
